import { Group, Stack, Text } from "@mantine/core";
import { useMemo } from "react";

import { api, type Schemas } from "@/api/client";
import { PAGES } from "@/api/pages";
import { useWords } from "@/i18n/words";
import { Change } from "@/ui/Change";
import type { Column } from "@/ui/DataTable";
import { PagedTable } from "@/ui/PagedTable";
import { Product } from "@/ui/Product";
import { useSay } from "@/ui/Said";
import { NoRows } from "@/ui/states";
import { WhyNumber } from "@/ui/WhyNumber";

import type { DryRunFilters } from "./dryRun";

type PreviewRow = Schemas["SyncPreviewRow"];

const PAGE = 50;
const NUMERIC = ["shows"];

interface Props {
  scope: { connection_id?: number };
  canSync: boolean;
  filters: DryRunFilters;
}

/** Number by number, what a sync would write and why. */
export function Preview({ scope, canSync, filters }: Props) {
  const { t } = useWords();
  const list = api.useInfiniteQuery(
    "get",
    "/api/v1/sync/preview",
    { params: { query: { ...scope, ...filters, limit: PAGE } } },
    PAGES,
  );
  const columns = useColumns();
  const filtered = Object.keys(filters).length > 0;
  return (
    <PagedTable
      label={t("dryRun.list")}
      query={list}
      wanted={PAGE}
      columns={columns}
      rowId={rowId}
      numeric={NUMERIC}
      card={(row) => <PreviewCard row={row} />}
      remedy={t("changes.tooMuch")}
      empty={
        <NoRows filtered={filtered} icon="check" title={t("dryRun.none")} noMatch={t("changes.noMatch")}>
          {t(canSync ? "dryRun.none.next" : "dryRun.none.noSync")}
        </NoRows>
      }
    />
  );
}

function rowId(row: PreviewRow): string {
  return String(row.cell_id);
}

function useColumns(): Column<PreviewRow>[] {
  const { t } = useWords();
  return useMemo(
    () => [
      {
        id: "what",
        header: t("line.what"),
        cell: ({ row }) => <Product title={row.original.title} sku={row.original.sku} />,
      },
      { id: "where", header: t("dryRun.where"), cell: ({ row }) => <Where row={row.original} /> },
      {
        id: "shows",
        header: t("dryRun.shows"),
        cell: ({ row }) => <Change from={row.original.from_quantity} to={row.original.to_quantity} />,
      },
      { id: "why", header: t("changes.why"), cell: ({ row }) => <Why row={row.original} /> },
    ],
    [t],
  );
}

function Where({ row }: { row: PreviewRow }) {
  return (
    <>
      <Text size="sm">{row.connection_name}</Text>
      <Text size="sm" c="dimmed">
        {row.location}
      </Text>
    </>
  );
}

function Why({ row }: { row: PreviewRow }) {
  const { t } = useWords();
  const say = useSay();
  const { why, from_quantity: shown, to_quantity: target, obstacle_code: obstacle } = row;
  return (
    <>
      {why === null || shown === null || target === null ? null : <WhyNumber why={why} shown={shown} target={target} />}
      {obstacle === "" ? null : (
        <Text size="sm" fw={600} title={row.obstacle}>
          {obstacle === "refused"
            ? t("stock.mark.failed", { error: say({ text: row.error, ...row.error_said }) })
            : t("dryRun.heldBy", { why: t(`obstacle.${obstacle}`) })}
        </Text>
      )}
    </>
  );
}

function PreviewCard({ row }: { row: PreviewRow }) {
  return (
    <Stack gap={6}>
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <div>
          <Product title={row.title} sku={row.sku} />
        </div>
        <Change from={row.from_quantity} to={row.to_quantity} />
      </Group>
      <Text size="sm" c="dimmed">
        {row.connection_name} · {row.location}
      </Text>
      <Why row={row} />
    </Stack>
  );
}
