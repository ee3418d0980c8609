import { Group, Select, Stack, Text } from "@mantine/core";
import { useMemo } from "react";

import { api, type Schemas } from "@/api/client";
import { PAGES } from "@/api/pages";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { Change } from "@/ui/Change";
import type { Column } from "@/ui/DataTable";
import { PagedTable } from "@/ui/PagedTable";
import { Product } from "@/ui/Product";
import { useSay } from "@/ui/Said";
import { NoRows } from "@/ui/states";
import { Told } from "@/ui/Told";
import { useLookAgain } from "@/ui/useLookAgain";

import { type ItemFilters, OUTCOMES } from "./filters";

type Item = Schemas["RunItem"];

const PAGE = 50;
const ITEMS = ["get", "/api/v1/sync/runs/{run_id}/items"] as const;
const NUMERIC = ["change"];
const GOOD = new Set<Item["outcome"]>(["applied", "booked", "overwritten"]);
const BAD = new Set<Item["outcome"]>(["rejected", "not_applied", "not_registered"]);

interface Props {
  run: Schemas["Run"];
  filters: ItemFilters;
  onChange: (filters: ItemFilters) => void;
}

/** Each number of a run: from what to what, what came of it, and what to do where that is nothing good. */
export function Items({ run, filters, onChange }: Props) {
  const { t } = useWords();
  useLookAgain(ITEMS, `${run.state} ${run.looked_at}`);
  return (
    <Stack gap="sm">
      <Select
        label={t("item.outcome")}
        placeholder={t("filters.any")}
        data={OUTCOMES.map((value) => ({ value, label: t(`outcome.${value}`) }))}
        value={filters.outcome ?? null}
        onChange={(chosen) => {
          const outcome = OUTCOMES.find((each) => each === chosen);
          onChange(outcome === undefined ? {} : { outcome });
        }}
        clearable
        clearButtonProps={{ "aria-label": t("filters.any") }}
        maw={320}
      />
      <List run={run} filters={filters} />
    </Stack>
  );
}

function List({ run, filters }: Pick<Props, "run" | "filters">) {
  const { t } = useWords();
  const list = api.useInfiniteQuery(
    ...ITEMS,
    { params: { path: { run_id: run.id }, query: { ...filters, limit: PAGE } } },
    PAGES,
  );
  const columns = useColumns();
  const filtered = filters.outcome !== undefined;
  return (
    <PagedTable
      label={t("run.items")}
      query={list}
      columns={columns}
      rowId={rowId}
      numeric={NUMERIC}
      card={(item) => <ItemCard item={item} />}
      remedy={t("items.tooMuch")}
      empty={
        <NoRows filtered={filtered} icon="history" title={t("items.none")} noMatch={t("items.noMatch")}>
          {t("items.none.next")}
        </NoRows>
      }
    />
  );
}

function rowId(item: Item): string {
  return `${item.outcome}:${item.id}`;
}

function useColumns(): Column<Item>[] {
  const { t } = useWords();
  const format = useFormat();
  return useMemo(
    () => [
      {
        id: "what",
        header: t("line.what"),
        cell: ({ row }) => <Product title={row.original.title ?? ""} sku={row.original.sku} />,
      },
      {
        id: "where",
        header: t("dryRun.where"),
        cell: ({ row }) => (
          <>
            <Text size="sm">{row.original.connection_name}</Text>
            <Text size="sm" c="dimmed">
              {row.original.location}
            </Text>
          </>
        ),
      },
      {
        id: "change",
        header: t("dryRun.shows"),
        cell: ({ row }) => <Change from={row.original.from_quantity} to={row.original.to_quantity} />,
      },
      { id: "outcome", header: t("item.outcome"), cell: ({ row }) => <Outcome item={row.original} /> },
      {
        id: "at",
        header: t("run.when"),
        cell: ({ row }) => format.moment(row.original.at, { timeStyle: "medium", dateStyle: "short" }),
      },
    ],
    [t, format],
  );
}

/** What came of it; the shop's own words are in its language. */
function Outcome({ item }: { item: Item }) {
  const { t, known } = useWords();
  const say = useSay();
  const colour = GOOD.has(item.outcome) ? "green" : BAD.has(item.outcome) ? "red" : "gray";
  return (
    <>
      <Told colour={colour}>{t(`outcome.${item.outcome}`)}</Told>
      {item.error === "" ? null : (
        <Text size="sm" maw={340}>
          {say({ text: item.error, ...item.error_said })}
        </Text>
      )}
      {item.code === "" ? null : (
        <Text size="sm" c="dimmed" maw={340}>
          {known(`remedy.${item.code}`) ?? t("remedy.of_a_shop")}
        </Text>
      )}
    </>
  );
}

function ItemCard({ item }: { item: Item }) {
  const format = useFormat();
  return (
    <Stack gap={6}>
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <div>
          <Product title={item.title ?? ""} sku={item.sku} />
        </div>
        <Change from={item.from_quantity} to={item.to_quantity} />
      </Group>
      <Text size="sm" c="dimmed">
        {[item.connection_name, item.location, format.moment(item.at)].filter((each) => each !== "").join(" · ")}
      </Text>
      <div>
        <Outcome item={item} />
      </div>
    </Stack>
  );
}
