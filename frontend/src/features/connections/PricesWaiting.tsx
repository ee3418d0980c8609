import { Card, Group, Stack, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useMemo } from "react";

import { client, type Schemas } from "@/api/client";
import { itemsOf, PAGES } from "@/api/pages";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { TextLink } from "@/ui/links";
import { Paged } from "@/ui/Paged";
import { Product } from "@/ui/Product";
import { Section } from "@/ui/Section";

type Listing = Schemas["Listing"];

const PAGE = 20;
const EVERY_MS = 15_000;

/** Prices that were changed or refused at the shop, each with the way to where one decides; nothing where there are
 *  none. */
export function PricesWaiting({ connectionId }: { connectionId: number }) {
  const { t } = useWords();
  const list = useInfiniteQuery({
    queryKey: ["get", "/api/v1/listings", "price waits", connectionId],
    queryFn: async ({ pageParam, signal }) => {
      const wanted = { connection_id: connectionId, price_waits: true, limit: PAGE };
      const query = pageParam === null ? wanted : { ...wanted, cursor: pageParam };
      return (await client.GET("/api/v1/listings", { params: { query }, signal })).data as Schemas["ListingPage"];
    },
    refetchInterval: EVERY_MS,
    ...PAGES,
  });
  const listings = useMemo(() => itemsOf(list.data), [list.data]);
  if (listings.length === 0 && !list.isError) {
    return null;
  }
  return (
    <Section title={t("prices.waiting")} lead={t("prices.waiting.lead")}>
      <Paged list={list} shown={listings.length} empty={null}>
        <Card withBorder>
          <Stack gap="sm" component="ul" p={0} m={0} style={{ listStyle: "none" }} aria-label={t("prices.waiting")}>
            {listings.map((listing) => (
              <li key={listing.id}>
                <Waiting listing={listing} />
              </li>
            ))}
          </Stack>
        </Card>
      </Paged>
    </Section>
  );
}

function Waiting({ listing: { title, sku, price, variant_id: variantId } }: { listing: Listing }) {
  const { t } = useWords();
  const format = useFormat();
  return (
    <Group justify="space-between" gap="xs">
      <div>
        <Product title={title} sku={sku} />
        {price === null || price.state === "active" ? null : (
          <Text size="sm">
            {t(`listed.price.${price.state}`)}
            {price.shop_minor === null
              ? null
              : ` · ${t("listed.price.shop")}: ${format.money(price.shop_minor, price.currency)}`}
          </Text>
        )}
      </div>
      {variantId === null ? null : (
        <TextLink
          to="/stock/$variantId"
          params={{ variantId: String(variantId) }}
          size="sm"
          aria-label={`${t("prices.waiting.decide")}: ${title}`}
        >
          {t("prices.waiting.decide")}
        </TextLink>
      )}
    </Group>
  );
}
