import { Button, Checkbox, Collapse, Group, Select, SimpleGrid, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { getRouteApi } from "@tanstack/react-router";
import { useMemo } from "react";

import { api, type Schemas } from "@/api/client";
import { PAGES } from "@/api/pages";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { isTyped, withoutNothing } from "@/ui/address";
import type { Column } from "@/ui/DataTable";
import { Dates } from "@/ui/Dates";
import { hasDay, useTimeZone } from "@/ui/days";
import { Icon } from "@/ui/icons";
import { TextLink } from "@/ui/links";
import { useListKept } from "@/ui/listKept";
import { NoShop } from "@/ui/NoShop";
import { Page } from "@/ui/Page";
import { PagedTable } from "@/ui/PagedTable";
import { useShops } from "@/ui/shops";
import { ShopSelect } from "@/ui/ShopSelect";
import { Empty, Loading } from "@/ui/states";

import { KINDS, RUN_STATES, type RunFilters, runsQueryOf } from "./filters";
import { durationOf, RunState } from "./words";

type Run = Schemas["Run"];
type Changes = { [K in keyof RunFilters]?: RunFilters[K] | undefined };

const PAGE = 50;
const NUMERIC = ["looked", "changed", "failed", "took"];
const here = getRouteApi("/inside/sync");

/** What SyncFlow did, newest first, by filters that are in the address. */
export function SyncHistory() {
  const { t } = useWords();
  const filters = withoutNothing(here.useSearch());
  const navigate = here.useNavigate();
  const change = (changes: Changes) => {
    const next = withoutNothing({ ...filters, ...changes }) as RunFilters;
    void navigate({ search: next, replace: isTyped(filters, next) });
  };
  useListKept("/sync", filters);
  return (
    <Page title={t("sync.title")} lead={t("sync.lead")}>
      <Stack gap="md">
        <Filters filters={filters} onChange={change} />
        <List filters={filters} onClear={() => void navigate({ search: {} })} />
      </Stack>
    </Page>
  );
}

function Filters({ filters, onChange }: { filters: RunFilters; onChange: (changes: Changes) => void }) {
  const { t } = useWords();
  const { names } = useShops();
  const set = Object.keys(filters).length;
  const [opened, { toggle }] = useDisclosure(set > 0);
  return (
    <div role="search" aria-label={t("sync.filters")}>
      <Button
        variant="default"
        leftSection={<Icon name="filter" />}
        aria-expanded={opened}
        aria-controls="run-filters"
        onClick={toggle}
        mb={opened ? "sm" : 0}
      >
        {set === 0 ? t("filters.show") : t("filters.set", { count: set })}
      </Button>
      <Collapse expanded={opened} id="run-filters">
        <SimpleGrid cols={{ base: 1, xs: 2, md: 3, lg: 6 }} spacing="sm">
          <ShopSelect shops={names} value={filters.shop} onChange={(shop) => onChange({ shop })} all />
          <Select
            label={t("run.kind")}
            placeholder={t("filters.any")}
            data={KINDS.map((value) => ({ value, label: t(`run.kind.${value}`) }))}
            value={filters.kind ?? null}
            onChange={(kind) => onChange({ kind: KINDS.find((each) => each === kind) })}
            clearable
            clearButtonProps={{ "aria-label": t("filters.any") }}
          />
          <Select
            label={t("run.state")}
            placeholder={t("filters.any")}
            data={RUN_STATES.map((value) => ({ value, label: t(`run.state.${value}`) }))}
            value={filters.state ?? null}
            onChange={(state) => onChange({ state: RUN_STATES.find((each) => each === state) })}
            clearable
            clearButtonProps={{ "aria-label": t("filters.any") }}
          />
          <Dates from={filters.from} to={filters.to} onChange={onChange} />
          <Checkbox
            label={t("sync.bad")}
            checked={filters.bad ?? false}
            onChange={(event) => onChange({ bad: event.currentTarget.checked ? true : undefined })}
            style={{ alignSelf: "end" }}
            pb={8}
          />
        </SimpleGrid>
      </Collapse>
    </div>
  );
}

function List({ filters, onClear }: { filters: RunFilters; onClear: () => void }) {
  const { t } = useWords();
  const { timeZone, isKnown } = useTimeZone(hasDay(filters));
  const list = api.useInfiniteQuery(
    "get",
    "/api/v1/sync/runs",
    { params: { query: { ...runsQueryOf(filters, timeZone), limit: PAGE } } },
    { ...PAGES, enabled: isKnown },
  );
  const columns = useColumns();
  const filtered = Object.keys(filters).length > 0;
  return (
    <PagedTable
      label={t("sync.title")}
      query={list}
      columns={columns}
      rowId={rowId}
      numeric={NUMERIC}
      card={(run) => <RunCard run={run} />}
      remedy={t("sync.tooMuch")}
      empty={filtered ? <NoMatch onClear={onClear} /> : <Nothing />}
    />
  );
}

function NoMatch({ onClear }: { onClear: () => void }) {
  const { t } = useWords();
  return (
    <Empty
      icon="filter"
      title={t("sync.noMatch")}
      action={
        <Button variant="default" onClick={onClear}>
          {t("orders.clear")}
        </Button>
      }
    >
      {t("sync.noMatch.next")}
    </Empty>
  );
}

function Nothing() {
  const { t } = useWords();
  const shops = useShops().query;
  return shops.isPending ? (
    <Loading />
  ) : shops.data?.items.length === 0 ? (
    <NoShop>{t("sync.noShop")}</NoShop>
  ) : (
    <Empty icon="history" title={t("sync.none")}>
      {t("sync.none.next")}
    </Empty>
  );
}

function rowId(run: Run): string {
  return String(run.id);
}

function useColumns(): Column<Run>[] {
  const { t } = useWords();
  const format = useFormat();
  return useMemo(
    () => [
      { id: "what", header: t("run.kind"), cell: ({ row }) => <What run={row.original} /> },
      { id: "when", header: t("run.when"), cell: ({ row }) => format.moment(row.original.created_at) },
      {
        id: "shop",
        header: t("order.shop"),
        cell: ({ row }) => row.original.connection_name ?? t("shop.all"),
      },
      { id: "state", header: t("run.state"), cell: ({ row }) => <Outcome run={row.original} /> },
      { id: "looked", header: t("run.looked"), cell: ({ row }) => format.number(row.original.looked_at) },
      { id: "changed", header: t("run.changed"), cell: ({ row }) => format.number(row.original.changed) },
      { id: "failed", header: t("run.failed"), cell: ({ row }) => format.number(row.original.failed) },
      { id: "took", header: t("run.took"), cell: ({ row }) => durationOf(row.original, format) ?? "–" },
    ],
    [t, format],
  );
}

function What({ run }: { run: Run }) {
  const { t } = useWords();
  return (
    <>
      <TextLink to="/sync/$runId" params={{ runId: String(run.id) }} size="sm" fw={600}>
        {t(`run.kind.${run.kind}`)}
      </TextLink>
      <Text size="sm" c="dimmed">
        {t(`run.trigger.${run.trigger}`)}
        {run.times > 1 ? ` · ${t("run.times", { count: run.times })}` : ""}
      </Text>
    </>
  );
}

/** How it ended; if badly, what to do. */
function Outcome({ run }: { run: Run }) {
  const { known } = useWords();
  return (
    <>
      <RunState state={run.state} />
      {run.code === "" ? null : (
        <Text size="sm" c="dimmed" maw={280}>
          {known(`remedy.${run.code}`) ?? run.suggestion}
        </Text>
      )}
    </>
  );
}

function RunCard({ run }: { run: Run }) {
  const { t } = useWords();
  const format = useFormat();
  return (
    <Stack gap={6}>
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <div>
          <What run={run} />
        </div>
        <RunState state={run.state} />
      </Group>
      <Text size="sm" c="dimmed">
        {[format.moment(run.created_at), run.connection_name ?? t("shop.all"), durationOf(run, format)]
          .filter((words) => words !== null)
          .join(" · ")}
      </Text>
      <Text size="sm">{t("run.sums", { looked: run.looked_at, changed: run.changed, failed: run.failed })}</Text>
    </Stack>
  );
}
