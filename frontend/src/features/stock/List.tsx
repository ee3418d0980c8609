import { Button, Stack, Text } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";

import { api } from "@/api/client";
import { useWords } from "@/i18n/words";
import { useScrolled } from "@/ui/listKept";
import { Empty, Failed, Loading } from "@/ui/states";

import { AdjustForm } from "./AdjustForm";
import { Bulk } from "./Bulk";
import { Cards } from "./Cards";
import { useAdjust } from "./changes";
import type { Place, StockColumn } from "./columns";
import type { StockQuery } from "./filters";
import { Grid } from "./Grid";
import type { Adjusting } from "./GridRow";
import { useSelection } from "./useSelection";
import { countOf, isKnown, type Row, useChain, useSpan, useStockPages } from "./useStockPages";

interface Props {
  query: StockQuery & { sort: NonNullable<StockQuery["sort"]> };
  isFiltered: boolean;
  narrow: boolean;
  columns: readonly StockColumn[];
  places: readonly Place[];
  mayChange: boolean;
  onSort: (sort: string) => void;
  onClear: () => void;
  /** To what holds a variant's numbers. */
  onReview: (variantId: number) => void;
  firstSteps: ReactNode;
}

export function List({ query, isFiltered, narrow, columns, places, mayChange, onSort, onClear, ...more }: Props) {
  const navigate = useNavigate();
  const chain = useChain(query);
  const [span, onRange] = useSpan();
  const pages = useStockPages(query, chain, span);
  const total = useTotal(query, narrow);
  const count = countOf(chain[0]);
  const [selected, selection] = useSelection(pages);
  const adjusting = useAdjusting(places);
  const scrolled = useScrolled(`/stock ${JSON.stringify(query)}`);
  const open = ({ variant_id }: Row) =>
    void navigate({ to: "/stock/$variantId", params: { variantId: String(variant_id) } });
  const review = ({ variant_id }: Row) => more.onReview(variant_id);
  if (pages.isPending) {
    return <Loading rows={8} />;
  }
  if (pages.error !== null && !isKnown(chain[0])) {
    return <Failed error={pages.error} retry={pages.retry} retrying={pages.isFetching} />;
  }
  if (count === 0) {
    return <Nothing isFiltered={isFiltered} onClear={onClear} firstSteps={more.firstSteps} />;
  }
  return (
    <Stack gap="sm">
      {pages.error === null ? null : <Failed error={pages.error} retry={pages.retry} retrying={pages.isFetching} />}
      {narrow ? (
        <>
          <Cards
            count={count}
            total={chain[0].end ?? total.count}
            row={pages.row}
            selection={mayChange ? selection : null}
            onRange={onRange}
            onOpen={open}
            onReview={review}
          />
          <Text size="sm" c="dimmed">
            {total.words}
          </Text>
        </>
      ) : (
        <Grid
          count={count}
          total={chain[0].end ?? total.count}
          words={total.words}
          row={pages.row}
          columns={columns}
          sort={query.sort}
          onSort={onSort}
          selection={selection}
          onRange={onRange}
          scrolled={scrolled}
          onOpen={open}
          onReview={review}
          adjusting={mayChange ? adjusting : null}
        />
      )}
      {mayChange ? <Bulk rows={selected} places={places} onClear={selection.clear} /> : null}
    </Stack>
  );
}

/** How many there are, in words too; null until that is known, or where they are too many to count. The words go on
 *  from which rows are in sight, unless they stand alone. */
function useTotal(query: StockQuery, alone: boolean): { count: number | null; words: string } {
  const { t } = useWords();
  const asked = { ...query };
  delete asked.sort;
  const found = api.useQuery("get", "/api/v1/stock/count", { params: { query: asked } }).data;
  if (found === undefined) {
    return { count: null, words: "" };
  }
  const [exactly, atLeast] = alone
    ? (["stock.total", "stock.total.atLeast"] as const)
    : (["stock.count", "stock.count.atLeast"] as const);
  const words = t(found.at_least ? atLeast : exactly, { count: found.count });
  return { count: found.at_least ? null : found.count, words };
}

function useAdjusting(places: readonly Place[]): Adjusting {
  const adjust = useAdjust();
  const [variantId, setVariantId] = useState<number | null>(null);
  const close = () => setVariantId(null);
  return {
    variantId,
    open: (row) => setVariantId(row.is_bundle ? null : row.variant_id),
    close,
    form: (row) => <AdjustForm of={row} places={places} onAdjust={adjust} onClose={close} />,
  };
}

function Nothing({ isFiltered, onClear, firstSteps }: Pick<Props, "isFiltered" | "onClear" | "firstSteps">) {
  const { t } = useWords();
  if (!isFiltered) {
    return (
      <Empty icon="box" title={t("stock.empty")} action={firstSteps}>
        {t("stock.empty.next")}
      </Empty>
    );
  }
  return (
    <Empty
      icon="filter"
      title={t("stock.noMatch")}
      action={
        <Button variant="default" onClick={onClear}>
          {t("orders.clear")}
        </Button>
      }
    >
      {t("stock.noMatch.next")}
    </Empty>
  );
}
