import { Badge, Card, SimpleGrid } from "@mantine/core";
import { type ReactNode, Suspense } from "react";

import { api, type Schemas } from "@/api/client";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { Page } from "@/ui/Page";
import { PlainSection } from "@/ui/PlainSection";
import { Empty, Failed, Loading } from "@/ui/states";

import { Attention, type AttentionItem } from "./Attention";
import { Figure, Sales } from "./Sales";
import { Shop } from "./Shop";

type OverviewDocument = Schemas["Overview"];

/** Live, and once a minute all the same. */
const EVERY_MS = 60_000;

interface Props {
  /** Whether events tell of changes as they happen. */
  isLive: boolean;
  /** What is left to do before shops are in step; undefined as long as that is not known. It stands above all else,
   *  which is not shown before it: nothing moves under somebody's finger. */
  firstSteps: ReactNode;
  /** What somebody without a shop may do, unless the first steps say it. */
  beginnings: ReactNode;
  /** Where a day's orders are. */
  ordersOf: (today: OverviewDocument["today"]) => ReactNode;
  /** Where what needs a person is seen to. */
  attentionLink: (item: AttentionItem) => ReactNode;
  /** The names of figures and shops as the ways to what they are about. */
  lowStockLink: (name: string) => ReactNode;
  oversoldLink: (name: string) => ReactNode;
  shopLink: (shop: Schemas["ShopStatus"]) => ReactNode;
}

/** The first screen: is everything in sync, what sold, what runs out, what needs me. */
export function Overview({ isLive, firstSteps, beginnings, ordersOf, attentionLink, ...ways }: Props) {
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
      {found === undefined || firstSteps === undefined ? (
        overview.isError && found === undefined ? null : (
          <Loading rows={5} />
        )
      ) : (
        <Suspense fallback={<Loading rows={5} />}>
          {firstSteps}
          <Attention items={found.attention} connections={found.connections} linkOf={attentionLink} />
          <PlainSection title={t("overview.shops")}>
            {found.connections.length === 0 ? (
              <Card withBorder>
                <Empty icon="shop" title={t("overview.noShops")} action={beginnings}>
                  {t("overview.noShops.next")}
                </Empty>
              </Card>
            ) : (
              <SimpleGrid cols={{ base: 1, sm: 2, xl: Math.min(Math.max(found.connections.length, 2), 3) }}>
                {found.connections.map((shop) => (
                  <Shop key={shop.connection_id} shop={shop} link={ways.shopLink(shop)} />
                ))}
              </SimpleGrid>
            )}
          </PlainSection>
          <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
            <PlainSection title={t("overview.sales")} aside={ordersOf(found.today)}>
              <Sales today={found.today} />
            </PlainSection>
            <PlainSection title={t("overview.stock")}>
              <SimpleGrid cols={2}>
                <Figure label={ways.lowStockLink(t("overview.lowStock"))} value={format.number(found.low_stock)}>
                  {t("overview.lowStock.hint")}
                </Figure>
                <Figure label={ways.oversoldLink(t("overview.oversold"))} value={format.number(found.oversold)}>
                  {t("overview.oversold.hint")}
                </Figure>
              </SimpleGrid>
            </PlainSection>
          </SimpleGrid>
        </Suspense>
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
