import { Group, Stack, Text } from "@mantine/core";
import { useMemo } from "react";

import { api, type Schemas } from "@/api/client";
import { PAGES } from "@/api/pages";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { Change } from "@/ui/Change";
import type { Column } from "@/ui/DataTable";
import { PagedTable } from "@/ui/PagedTable";
import { Product } from "@/ui/Product";
import { NoRows } from "@/ui/states";
import { WhyNumber } from "@/ui/WhyNumber";

import type { DiffFilters, Source } from "./search";

type DiffRow = Schemas["FirstSyncRow"];

const PAGE = 50;
const NUMERIC = ["shop", "stock"];

interface Props {
  shopId: number;
  source: Source;
  filters: DiffFilters;
}

/** Number by number, what the first sync would change and why. */
export function Diff({ shopId, source, filters }: Props) {
  const { t } = useWords();
  const query = { source, limit: PAGE, ...filters };
  const list = api.useInfiniteQuery(
    "get",
    "/api/v1/connections/{connection_id}/first-sync",
    { params: { path: { connection_id: shopId }, query } },
    PAGES,
  );
  const columns = useColumns();
  const filtered = Object.keys(filters).length > 0;
  return (
    <PagedTable
      label={t("firstSync.list")}
      query={list}
      columns={columns}
      rowId={rowId}
      numeric={NUMERIC}
      card={(row) => <DiffCard row={row} />}
      remedy={t("changes.tooMuch")}
      empty={
        <NoRows filtered={filtered} icon="check" title={t("firstSync.agree")} noMatch={t("changes.noMatch")}>
          {t("firstSync.agree.next")}
        </NoRows>
      }
    />
  );
}

function rowId(row: DiffRow): string {
  return String(row.cell_id);
}

function useColumns(): Column<DiffRow>[] {
  const { t } = useWords();
  return useMemo(
    () => [
      {
        id: "what",
        header: t("line.what"),
        cell: ({ row }) => <Product title={row.original.title} sku={row.original.sku} />,
      },
      {
        id: "shop",
        header: t("firstSync.shopShows"),
        cell: ({ row }) => <Change from={row.original.channel_quantity} to={row.original.target} />,
      },
      { id: "stock", header: t("firstSync.stock"), cell: ({ row }) => <Stock row={row.original} /> },
      { id: "why", header: t("changes.why"), cell: ({ row }) => <Why row={row.original} /> },
    ],
    [t],
  );
}

/** What the stock would be, where it changes. */
function Stock({ row }: { row: DiffRow }) {
  const { on_hand } = row.why;
  return <Change from={on_hand} to={on_hand + row.stock_change} />;
}

function Why({ row }: { row: DiffRow }) {
  return <WhyNumber why={row.why} shown={row.channel_quantity ?? 0} target={row.target} />;
}

function DiffCard({ row }: { row: DiffRow }) {
  const { t } = useWords();
  const format = useFormat();
  return (
    <Stack gap={6}>
      <div>
        <Product title={row.title} sku={row.sku} />
      </div>
      <Group gap="md">
        <Text size="sm" c="dimmed" span>
          {t("firstSync.shopShows")}: <Change from={row.channel_quantity} to={row.target} />
        </Text>
        {row.stock_change === 0 ? null : (
          <Text size="sm" c="dimmed" span>
            {t("firstSync.stock")}: {format.number(row.stock_change, { signDisplay: "always" })}
          </Text>
        )}
      </Group>
      <Why row={row} />
    </Stack>
  );
}
