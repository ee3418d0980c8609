import { Badge, Card, Group, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";

import { api, type Schemas } from "@/api/client";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { Page } from "@/ui/Page";
import { Empty, Failed, Loading } from "@/ui/states";

import { Attention } from "./Attention";
import { Shop } from "./Shop";

type OverviewDocument = Schemas["Overview"];

/** Live, and once a minute all the same. */
const EVERY_MS = 60_000;

interface Props {
  /** Whether events tell of changes as they happen. */
  isLive: boolean;
  /** What somebody without a shop may do first. */
  firstSteps: ReactNode;
  /** Where a day's orders are. */
  ordersOf: (today: OverviewDocument["today"]) => ReactNode;
}

/** The first screen: is everything in sync, what sold, what runs out, what needs me. */
export function Overview({ isLive, firstSteps, ordersOf }: Props) {
  const { t } = useWords();
  const format = useFormat();
  const overview = api.useQuery("get", "/api/v1/dashboard/overview", {}, { refetchInterval: EVERY_MS });
  const found = overview.data;
  return (
    <Page
      title={t("overview.title")}
      lead={found === undefined ? " " : <Today found={found} />}
      actions={
        <Badge
          variant="default"
          size="lg"
          tt="none"
          leftSection={<Dot colour={isLive ? "var(--app-green)" : "var(--app-grey)"} />}
        >
          {isLive ? t("live.on") : t("live.off")}
        </Badge>
      }
    >
      {overview.isError ? (
        <Failed
          error={overview.error}
          retry={() => void overview.refetch()}
          retrying={overview.isFetching}
        />
      ) : null}
      {found === undefined ? (
        overview.isPending ? (
          <Loading rows={5} />
        ) : null
      ) : (
        <>
          <Attention items={found.attention} connections={found.connections} />
          <Section title={t("overview.shops")}>
            {found.connections.length === 0 ? (
              <Card withBorder>
                <Empty icon="shop" title={t("overview.noShops")} action={firstSteps}>
                  {t("overview.noShops.next")}
                </Empty>
              </Card>
            ) : (
              <SimpleGrid cols={{ base: 1, sm: 2, xl: Math.min(Math.max(found.connections.length, 2), 3) }}>
                {found.connections.map((shop) => (
                  <Shop key={shop.connection_id} shop={shop} />
                ))}
              </SimpleGrid>
            )}
          </Section>
          <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
            <Section title={t("overview.sales")} aside={ordersOf(found.today)}>
              <Sales today={found.today} />
            </Section>
            <Section title={t("overview.stock")}>
              <SimpleGrid cols={2}>
                <Figure label={t("overview.lowStock")} value={format.number(found.low_stock)}>
                  {t("overview.lowStock.hint")}
                </Figure>
                <Figure label={t("overview.oversold")} value={format.number(found.oversold)}>
                  {t("overview.oversold.hint")}
                </Figure>
              </SimpleGrid>
            </Section>
          </SimpleGrid>
        </>
      )}
    </Page>
  );
}

function Today({ found }: { found: OverviewDocument }) {
  const format = useFormat();
  return format.moment(found.today.start, { dateStyle: "full", timeZone: found.time_zone });
}

function Dot({ colour }: { colour: string }) {
  return (
    <svg width={9} height={9} viewBox="0 0 9 9" aria-hidden="true">
      <circle cx={4.5} cy={4.5} r={4} fill={colour} />
    </svg>
  );
}

function Section({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  return (
    <Stack component="section" gap="sm" aria-label={title}>
      <Group justify="space-between">
        <Title order={2} size="h4">
          {title}
        </Title>
        {aside}
      </Group>
      {children}
    </Stack>
  );
}

function Sales({ today }: { today: OverviewDocument["today"] }) {
  const { t } = useWords();
  const format = useFormat();
  const { totals, converted } = today;
  if (totals.length === 0) {
    return (
      <Card withBorder>
        <Text c="dimmed">{t("overview.noSales")}</Text>
      </Card>
    );
  }
  const all = converted !== null && totals.length > 1 ? [...totals, converted] : totals;
  return (
    <SimpleGrid cols={{ base: 1, xs: all.length > 1 ? 2 : 1 }}>
      {all.map((total, index) => (
        <Figure
          key={`${total.currency}-${index}`}
          label={
            total === converted
              ? t("overview.converted", { currency: total.currency })
              : t("overview.revenue", { currency: total.currency })
          }
          value={format.money(total.net_minor, total.currency)}
        >
          {t("overview.orders", { count: total.orders })}
          {total.average_minor === null
            ? null
            : ` · ${t("overview.average", { amount: format.money(total.average_minor, total.currency) })}`}
          {total.refunded_minor === 0
            ? null
            : ` · ${t("overview.refunded", { amount: format.money(total.refunded_minor, total.currency) })}`}
          {total === converted && converted.without_rate.length > 0
            ? ` · ${t("overview.withoutRate", { currencies: converted.without_rate.join(", ") })}`
            : null}
        </Figure>
      ))}
    </SimpleGrid>
  );
}

function Figure({ label, value, children }: { label: string; value: string; children: ReactNode }) {
  return (
    <Card withBorder>
      <Text size="sm" c="dimmed">
        {label}
      </Text>
      <Text fz={28} fw={650} lh={1.3}>
        {value}
      </Text>
      <Text size="sm" c="dimmed">
        {children}
      </Text>
    </Card>
  );
}
