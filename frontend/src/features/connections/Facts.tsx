import { Card, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";

import { api, type Schemas } from "@/api/client";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { Ago } from "@/ui/Ago";
import { useSay } from "@/ui/Said";
import { toLinkOf, useApart } from "@/ui/unlinked";

import type { Connection } from "./rows";

interface Props {
  connection: Connection;
  health: Schemas["Health"];
  matching: (connectionId: number) => ReactNode;
}

/** What the light was made from; of a shop that is disconnected what it was is left. */
export function Facts({ connection, health, matching }: Props) {
  const { t } = useWords();
  const isConnected = connection.state !== "disconnected";
  return (
    <Stack component="section" gap="sm" aria-label={t("health.facts")}>
      <Title order={2} size="h4">
        {t("health.facts")}
      </Title>
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
        <LastSuccess health={health} />
        {isConnected ? <Waiting health={health} /> : null}
        <Linked connection={connection} matching={matching} />
        {isConnected ? (
          <>
            <Calls health={health} />
            <Breaker health={health} />
          </>
        ) : null}
        <Reachable connectionId={connection.id} />
        {isConnected ? (
          <>
            <Webhooks health={health} />
            <Credentials health={health} />
            <Budget budget={health.rate_budget} />
          </>
        ) : null}
      </SimpleGrid>
    </Stack>
  );
}

function Fact({ label, value, children }: { label: string; value: ReactNode; children?: ReactNode }) {
  return (
    <Card withBorder component="dl" m={0}>
      <Text component="dt" size="sm" c="dimmed">
        {label}
      </Text>
      <Text component="dd" m={0} fz="lg" fw={650}>
        {value}
      </Text>
      <Text component="dd" m={0} size="sm" c="dimmed">
        {children}
      </Text>
    </Card>
  );
}

function LastSuccess({ health }: Pick<Props, "health">) {
  const { t } = useWords();
  const say = useSay();
  const at = health.last_success_at;
  return (
    <Fact label={t("shop.last")} value={at === null ? t("shop.never") : <Ago at={at} />}>
      {health.last_error !== ""
        ? t("health.lastError", { error: say({ text: health.last_error, ...health.last_error_said }) })
        : at === null
          ? null
          : t("health.noError")}
    </Fact>
  );
}

function Waiting({ health }: Pick<Props, "health">) {
  const { t } = useWords();
  const format = useFormat();
  const { pending_events, dirty_cells, open_attempts, waiting_since } = health;
  return (
    <Fact label={t("connections.pending")} value={format.number(pending_events + dirty_cells + open_attempts)}>
      {t("health.pending", {
        events: format.number(pending_events),
        numbers: format.number(dirty_cells),
        writes: format.number(open_attempts),
      })}
      {waiting_since === null ? null : (
        <>
          {" · "}
          {t("health.waits")} <Ago at={waiting_since} />
        </>
      )}
    </Fact>
  );
}

function Linked({ connection, matching }: Pick<Props, "connection" | "matching">) {
  const { t } = useWords();
  const format = useFormat();
  const { linked, listings } = connection.counts;
  const toLink = toLinkOf(connection);
  const apart = useApart(connection);
  return (
    <Fact
      label={t("health.linked")}
      value={t("health.linked.of", { linked: format.number(linked), listings: format.number(listings) })}
    >
      {toLink === 0 ? null : (
        <>
          {t("health.linked.rest", { count: toLink })} {matching(connection.id)}{" "}
        </>
      )}
      {toLink === 0 && apart === null ? t("health.linked.all") : apart}
    </Fact>
  );
}

function Calls({ health }: Pick<Props, "health">) {
  const { t } = useWords();
  const format = useFormat();
  const mean = health.mean_latency_ms;
  return (
    <Fact label={t("health.calls")} value={t("health.calls.count", { count: health.calls })}>
      {health.failed_calls === 0 ? t("health.calls.well") : t("health.calls.failed", { count: health.failed_calls })}
      {mean === null
        ? null
        : ` · ${t("health.calls.speed", {
            mean: format.number(Math.round(mean)),
            slowest: format.number(health.slowest_ms),
          })}`}
    </Fact>
  );
}

/** Whether calls go through, or the shop is left alone for a while after failures. */
function Breaker({ health }: Pick<Props, "health">) {
  const { t } = useWords();
  const format = useFormat();
  const until = health.backoff_until;
  return (
    <Fact
      label={t("health.breaker")}
      value={t(until !== null ? "health.breaker.open" : "health.breaker.closed")}
    >
      {until !== null
        ? t("health.breaker.until", { at: format.moment(until, { timeStyle: "medium" }) })
        : health.failures === 0
          ? t("health.breaker.none")
          : t("health.breaker.failures", { count: health.failures })}
    </Fact>
  );
}

/** Of the last 30 days, as the sync report has it. */
function Reachable({ connectionId }: { connectionId: number }) {
  const { t } = useWords();
  const format = useFormat();
  const report = api.useQuery("get", "/api/v1/dashboard/sync", { params: { query: {} } }, { staleTime: 300_000 });
  const shop = report.data?.shops.find((each) => each.connection_id === connectionId);
  return (
    <Fact label={t("health.uptime")} value={shop === undefined ? "–" : percent(format, shop.reached_permille / 1000)}>
      {shop === undefined
        ? t("health.uptime.none")
        : shop.hours_out === 0
          ? t("health.uptime.all", { count: shop.hours })
          : t("health.uptime.out", { count: shop.hours_out, hours: format.number(shop.hours) })}
    </Fact>
  );
}

function Webhooks({ health }: Pick<Props, "health">) {
  const { t } = useWords();
  const format = useFormat();
  const { webhook_coverage: coverage, orders_announced, orders_missed, webhooks_checked_at: checked } = health;
  return (
    <Fact label={t("health.webhooks")} value={coverage === null ? "–" : percent(format, coverage)}>
      {coverage === null
        ? t("health.webhooks.none")
        : t("health.webhooks.told", {
            told: format.number(orders_announced),
            count: orders_announced + orders_missed,
          })}
      {" · "}
      {checked === null ? (
        t("health.webhooks.due")
      ) : (
        <>
          {t("health.webhooks.checked")} <Ago at={checked} />
        </>
      )}
    </Fact>
  );
}

function Credentials({ health }: Pick<Props, "health">) {
  const { t } = useWords();
  const format = useFormat();
  const { state, expires_at } = health.credentials;
  return (
    <Fact label={t("health.credentials")} value={t(`health.credentials.${state}`)}>
      {expires_at === null
        ? t(`health.credentials.${state}.hint`)
        : t("health.credentials.until", { at: format.moment(expires_at, { dateStyle: "medium" }) })}
    </Fact>
  );
}

/** What is left of the calls that a platform allows, where it tells. */
function Budget({ budget }: { budget: Schemas["RateBudget"] | null }) {
  const { t } = useWords();
  const format = useFormat();
  if (budget === null) {
    return null;
  }
  return (
    <Fact
      label={t("health.budget")}
      value={percent(format, budget.maximum === 0 ? 0 : budget.calls / budget.maximum, 0)}
    >
      {budget.paused_seconds > 0
        ? t("health.budget.paused", { count: Math.ceil(budget.paused_seconds) })
        : t("health.budget.left")}
    </Fact>
  );
}

function percent(format: ReturnType<typeof useFormat>, share: number, digits = 1): string {
  return format.number(share, { style: "percent", maximumFractionDigits: digits });
}
