import { Group, Stack } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { getRouteApi } from "@tanstack/react-router";
import { type ReactNode, useMemo, useSyncExternalStore } from "react";

import { useWords } from "@/i18n/words";
import { session } from "@/session/session";
import { isTyped, withoutNothing } from "@/ui/address";
import { useListKept } from "@/ui/listKept";
import { MorePlaces } from "@/ui/MorePlaces";
import { Page } from "@/ui/Page";
import { usePlaces } from "@/ui/places";
import { useMay } from "@/ui/role";
import { useShops } from "@/ui/shops";

import { ColumnsMenu } from "./ColumnsMenu";
import { type StockColumn, useChosenColumns, useStockColumns } from "./columns";
import { Export } from "./Export";
import { Filters } from "./Filters";
import { BY_SKU, queryOf, sortOf, type StockFilters } from "./filters";
import { List } from "./List";
import { Views } from "./Views";

const here = getRouteApi("/inside/stock");

interface Props {
  /** Ways to bring variants in, for lists and for a shop without any. */
  actions: ReactNode;
  firstSteps: ReactNode;
  /** To what holds a variant's numbers. */
  onReview: (variantId: number) => void;
}

/** Every SKU: what there is where, and what each shop shows. */
export function Stock({ actions, firstSteps, onReview }: Props) {
  const { t } = useWords();
  const filters = withoutNothing(here.useSearch());
  const navigate = here.useNavigate();
  const show = (all: StockFilters) => {
    const next = withoutNothing(all);
    void navigate({ search: next, replace: isTyped(filters, next) });
  };
  useListKept("/stock", filters);
  const { list: places } = usePlaces();
  const { list } = useShops();
  const shops = useMemo(() => list.filter(({ state }) => state !== "disconnected"), [list]);
  const mayChange = useMay("staff") ?? false;
  const all = useStockColumns(places, shops);
  const [chosen, choose] = useChosenColumns();
  const columns = useMemo(() => shownOf(all, chosen), [all, chosen]);
  const narrow = useMediaQuery("(max-width: 48em)", false, { getInitialValueInEffect: false });
  const query = { ...queryOf(filters), sort: sortOf(filters) };
  const account = useSyncExternalStore(session.watch, () => session.accountId);
  return (
    <Page
      title={t("stock.title")}
      actions={
        <Group gap="sm">
          {actions}
          <Export filters={filters} />
        </Group>
      }
    >
      <Stack gap="md">
        <Filters filters={filters} shops={shops} places={places} onChange={(changes) => show({ ...filters, ...changes })}>
          <Views
            filters={filters}
            columns={chosen}
            onOpen={(next, kept) => {
              show(next);
              choose(kept);
            }}
          />
          <ColumnsMenu all={all} shown={columns} onChoose={choose} />
        </Filters>
        <MorePlaces />
        <List
          // Of another list, or another account's, nothing is of use.
          key={`${account} ${JSON.stringify(query)}`}
          query={query}
          isFiltered={Object.keys(filters).some((name) => name !== "sort")}
          narrow={narrow}
          columns={columns}
          places={places}
          mayChange={mayChange}
          onSort={(sort) => show({ ...filters, sort: sort === BY_SKU ? "" : sort })}
          onClear={() => show({})}
          onReview={onReview}
          firstSteps={firstSteps}
        />
      </Stack>
    </Page>
  );
}

/** Columns in their own order. */
function shownOf(all: readonly StockColumn[], chosen: readonly string[] | null): readonly StockColumn[] {
  return all.filter(({ id, usual }) => (chosen === null ? usual : chosen.includes(id)));
}
