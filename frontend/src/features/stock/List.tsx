import { Button, Group, Stack, Text } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, useCallback, useMemo, useRef, useState } from "react";

import { api } from "@/api/client";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { Empty, Failed, Loading } from "@/ui/states";

import { AdjustForm } from "./AdjustForm";
import { Bulk } from "./Bulk";
import { Cards } from "./Cards";
import { useAdjust } from "./changes";
import type { Place, StockColumn } from "./columns";
import type { StockQuery } from "./filters";
import { type Adjusting, Grid, type Selection } from "./Grid";
import type { ListPlace } from "./useRowsInSight";
import { countOf, isKnown, type Pages, type Row, useChain, useStockPages } from "./useStockPages";

const MOST_SELECTED = 1000;

interface Props {
  query: StockQuery & { sort: NonNullable<StockQuery["sort"]> };
  isFiltered: boolean;
  narrow: boolean;
  columns: readonly StockColumn[];
  places: readonly Place[];
  mayChange: boolean;
  onSort: (sort: string) => void;
  onClear: () => void;
  firstSteps: ReactNode;
}

/** Where lists were left, so that whoever comes back finds them so. */
const left = new Map<string, number>();

export function List({ query, isFiltered, narrow, columns, places, mayChange, onSort, onClear, firstSteps }: Props) {
  const navigate = useNavigate();
  const chain = useChain(query);
  const [range, setRange] = useState<readonly [number, number]>([0, 0]);
  const pages = useStockPages(query, chain, range);
  const total = useTotal(query);
  const count = countOf(chain[0]);
  const onRange = useCallback((first: number, last: number) => setRange([first, last]), []);
  const [selected, selection] = useSelection(pages);
  const adjusting = useAdjusting(places);
  const [place] = useState(() => placeOf(JSON.stringify(query)));
  if (pages.isPending) {
    return <Loading rows={8} />;
  }
  if (pages.error !== null && !isKnown(chain[0])) {
    return <Failed error={pages.error} retry={pages.retry} retrying={pages.isFetching} />;
  }
  if (count === 0) {
    return <Nothing isFiltered={isFiltered} onClear={onClear} firstSteps={firstSteps} />;
  }
  return (
    <Stack gap="sm">
      {pages.error === null ? null : <Failed error={pages.error} retry={pages.retry} retrying={pages.isFetching} />}
      {mayChange && !narrow ? <Bulk rows={selected} places={places} onClear={selection.clear} /> : null}
      {narrow ? (
        <Cards count={count} total={total.count} row={pages.row} onRange={onRange} />
      ) : (
        <Grid
          count={count}
          total={total.count}
          row={pages.row}
          columns={columns}
          sort={query.sort}
          onSort={onSort}
          selection={selection}
          onRange={onRange}
          place={place}
          onOpen={(row) => void navigate({ to: "/stock/$variantId", params: { variantId: String(row.variant_id) } })}
          adjusting={mayChange ? adjusting : null}
        />
      )}
      <Status range={range} count={chain[0].end ?? total.count} words={total.words} narrow={narrow} />
    </Stack>
  );
}

interface StatusProps {
  range: readonly [number, number];
  count: number | null;
  words: string;
  narrow: boolean;
}

function Status({ range: [first, last], count, words, narrow }: StatusProps) {
  const { t } = useWords();
  const format = useFormat();
  const shown = { first: format.number(first + 1), last: format.number(Math.min(last + 1, count ?? last + 1)) };
  return (
    <Group justify="space-between" c="dimmed" fz="sm">
      <Text size="sm">{narrow ? words : `${t("stock.range", shown)} ${words}`}</Text>
      {narrow ? null : <Text size="sm">{t("stock.keys")}</Text>}
    </Group>
  );
}

/** How many there are, in words too; null until that is known, or where they are too many to count. */
function useTotal(query: StockQuery): { count: number | null; words: string } {
  const { t } = useWords();
  const asked = { ...query };
  delete asked.sort;
  const found = api.useQuery("get", "/api/v1/stock/count", { params: { query: asked } }).data;
  if (found === undefined) {
    return { count: null, words: "" };
  }
  const words = t(found.at_least ? "stock.count.atLeast" : "stock.count", { count: found.count });
  return { count: found.at_least ? null : found.count, words };
}

/** Rows as they were when they were selected; what is done to them needs no more. */
function useSelection(pages: Pages): [readonly Row[], Selection] {
  const [chosen, setChosen] = useState<ReadonlyMap<number, Row>>(new Map());
  const anchor = useRef(0);
  const selection: Selection = {
    has: (row) => chosen.has(row.variant_id),
    toggle: (index, through) => {
      const from = through ? Math.min(anchor.current, index) : index;
      const to = through ? Math.max(anchor.current, index) : index;
      anchor.current = index;
      const rows = Array.from({ length: to - from + 1 }, (_, step) => pages.row(from + step));
      const next = new Map(chosen);
      for (const row of rows) {
        if (row === undefined) continue;
        if (!through && next.has(row.variant_id)) next.delete(row.variant_id);
        else if (next.size < MOST_SELECTED) next.set(row.variant_id, row);
      }
      setChosen(next);
    },
    clear: () => setChosen(new Map()),
  };
  const rows = useMemo(() => [...chosen.values()], [chosen]);
  return [rows, selection];
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
      {t("orders.noMatch.next")}
    </Empty>
  );
}

function placeOf(list: string): ListPlace {
  return { read: () => left.get(list) ?? 0, keep: (top) => void left.set(list, top) };
}
