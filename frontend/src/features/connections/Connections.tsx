import { Badge, Card, Group, Stack, Text, Title } from "@mantine/core";
import { useMemo } from "react";

import { api, type Schemas } from "@/api/client";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { Ago } from "@/ui/Ago";
import { type Column, DataTable } from "@/ui/DataTable";
import { Light } from "@/ui/Light";
import { ButtonLink, TextLink } from "@/ui/links";
import { ConnectShop, NoShop } from "@/ui/NoShop";
import { Page } from "@/ui/Page";
import { platformName } from "@/ui/platforms";
import { useReasons } from "@/ui/reasons";
import { Said } from "@/ui/Said";
import { Failed, Loading, TooMuch } from "@/ui/states";

import { addressOf, attemptsOf, type Connection, rowsOf, type ShopRow } from "./rows";

const MOST_SHOWN = 250;
/** Live, and once a minute all the same; a catalog that is being read is watched. */
const EVERY_MS = 60_000;
const WHILE_READING_MS = 3000;
const NUMERIC = ["pending"];

/** Every shop: whether it is in step, and why not. */
export function Connections() {
  const { t } = useWords();
  return (
    <Page title={t("connections.title")} actions={<ConnectShop />}>
      <List />
    </Page>
  );
}

function List() {
  const { t } = useWords();
  const list = api.useQuery(
    "get",
    "/api/v1/connections",
    { params: { query: { limit: MOST_SHOWN } } },
    { refetchInterval: ({ state }) => (isReading(state.data) ? WHILE_READING_MS : EVERY_MS) },
  );
  const lights = api.useQuery("get", "/api/v1/dashboard/status", {}, { refetchInterval: EVERY_MS });
  const columns = useColumns();
  const rows = useMemo(() => rowsOf(list.data?.items ?? [], lights.data?.items ?? []), [list.data, lights.data]);
  const attempts = useMemo(
    () => attemptsOf(list.data?.items ?? [], list.dataUpdatedAt),
    [list.data, list.dataUpdatedAt],
  );
  const retry = () => void Promise.all([list.refetch(), lights.refetch()]);
  const error = list.error ?? lights.error;
  if (list.isPending || (lights.isPending && !lights.isError)) {
    return <Loading rows={4} />;
  }
  if (list.data === undefined || lights.data === undefined) {
    return <Failed error={error} retry={retry} retrying={list.isFetching || lights.isFetching} />;
  }
  return (
    <Stack gap="lg">
      {error === null ? null : <Failed error={error} retry={retry} />}
      <Attempts attempts={attempts} />
      {rows.length === 0 ? (
        <Card withBorder>
          <NoShop>{t("connections.none.next")}</NoShop>
        </Card>
      ) : (
        <Card withBorder padding={0}>
          <DataTable
            label={t("connections.title")}
            columns={columns}
            rows={rows}
            rowId={rowId}
            numeric={NUMERIC}
            card={(row) => <ShopCard row={row} />}
          />
        </Card>
      )}
      {list.data.next === null ? null : <TooMuch shown={rows.length} />}
    </Stack>
  );
}

function isReading(found: Schemas["ConnectionPage"] | undefined): boolean {
  return found?.items.some(({ state }) => state === "importing" || state === "connecting") ?? false;
}

function rowId({ connection }: ShopRow): string {
  return String(connection.id);
}

function useColumns(): Column<ShopRow>[] {
  const { t } = useWords();
  return useMemo(
    () => [
      {
        id: "shop",
        header: t("connections.shop"),
        cell: ({ row }) => <Name connection={row.original.connection} />,
      },
      { id: "light", header: t("connections.light"), cell: ({ row }) => <Light colour={row.original.colour} /> },
      { id: "why", header: t("connections.why"), cell: ({ row }) => <Reasons row={row.original} /> },
      { id: "success", header: t("connections.success"), cell: ({ row }) => <LastSuccess row={row.original} /> },
      { id: "pending", header: t("connections.pending"), cell: ({ row }) => <Pending row={row.original} /> },
    ],
    [t],
  );
}

function ShopCard({ row }: { row: ShopRow }) {
  const { t } = useWords();
  return (
    <Stack gap="xs">
      <Group justify="space-between" align="flex-start" wrap="nowrap">
        <Name connection={row.connection} />
        <Light colour={row.colour} />
      </Group>
      <Reasons row={row} />
      <Group c="dimmed" fz="sm" style={{ gap: "2px 16px" }}>
        <span>
          {t("connections.success")}: <LastSuccess row={row} />
        </span>
        <span>
          {t("connections.pending")}: <Pending row={row} />
        </span>
      </Group>
    </Stack>
  );
}

function Name({ connection }: { connection: Connection }) {
  return (
    <div>
      <TextLink
        to="/connections/$connectionId"
        params={{ connectionId: String(connection.id) }}
        size="sm"
        fw={600}
      >
        {connection.name}
      </TextLink>
      <Text size="sm" c="dimmed">
        {platformName(connection.platform)} · {addressOf(connection)}
      </Text>
    </div>
  );
}

function Reasons({ row }: { row: ShopRow }) {
  const reasonsOf = useReasons();
  return reasonsOf(row.told).map((words) => (
    <Text key={words} size="sm">
      {words}
    </Text>
  ));
}

function LastSuccess({ row }: { row: ShopRow }) {
  const { t } = useWords();
  const at = row.told.last_success_at;
  return at === null ? t("shop.never") : <Ago at={at} />;
}

function Pending({ row }: { row: ShopRow }) {
  return useFormat().number(row.pending);
}

/** What somebody began to connect and did not finish; where it failed, why. */
function Attempts({ attempts }: { attempts: readonly Connection[] }) {
  const { t } = useWords();
  if (attempts.length === 0) {
    return null;
  }
  return (
    <Stack component="section" gap="sm" aria-label={t("connections.attempts")}>
      <Title order={2} size="h4">
        {t("connections.attempts")}
      </Title>
      {attempts.map((attempt) => (
        <Card key={attempt.id} withBorder padding="sm">
          <Group justify="space-between">
            <div style={{ flex: "1 1 240px" }}>
              <Group gap="xs">
                <Text size="sm" fw={600}>
                  {platformName(attempt.platform)} · {addressOf(attempt)}
                </Text>
                <Badge variant="default" tt="none">
                  {t(attempt.state === "connecting" ? "connections.waits" : "connections.refused")}
                </Badge>
              </Group>
              <Text size="sm" c="dimmed">
                {attempt.state === "connecting" ? (
                  t("connections.waits.next")
                ) : (
                  <Said line={{ text: attempt.reason, ...attempt.reason_said }} />
                )}
              </Text>
            </div>
            <ButtonLink
              to="/connections/new"
              search={{ platform: attempt.platform, address: addressOf(attempt) }}
              variant="default"
              size="xs"
            >
              {t("connections.again")}
            </ButtonLink>
          </Group>
        </Card>
      ))}
    </Stack>
  );
}
