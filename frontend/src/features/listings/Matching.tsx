import { Badge, Card, Group, Stack, Text } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { useWords } from "@/i18n/words";
import { withoutNothing } from "@/ui/address";
import { TextLink } from "@/ui/links";
import { NoShop } from "@/ui/NoShop";
import { Page } from "@/ui/Page";
import { type ConnectedShop, useShops } from "@/ui/shops";
import { ShopSelect } from "@/ui/ShopSelect";
import { Empty, Failed, Loading } from "@/ui/states";
import { toLinkOf } from "@/ui/unlinked";

import { Suggestions } from "./Suggestions";

const here = getRouteApi("/inside/matching");

interface Props {
  /** Where to go once everything of a shop is linked. */
  next: (shop: ConnectedShop) => ReactNode;
}

/** Which listing is which variant: what is not linked by itself, with what it may be. */
export function Matching({ next }: Props) {
  const { t } = useWords();
  const search = withoutNothing(here.useSearch());
  const { apart = false } = search;
  const navigate = here.useNavigate();
  const { query, list, names } = useShops();
  const shop = list.find((each) => each.id === search.shop) ?? list.find((each) => toLinkOf(each) > 0) ?? list[0];
  return (
    <Page title={t("matching.title")} lead={t("matching.lead")}>
      {query.isPending ? (
        <Loading rows={6} />
      ) : query.data === undefined ? (
        <Failed error={query.error} retry={() => void query.refetch()} retrying={query.isFetching} />
      ) : shop === undefined ? (
        <NoShop>{t("matching.noShop")}</NoShop>
      ) : (
        <Stack gap="md">
          <Group gap="md" align="flex-end">
            <ShopSelect
              shops={names}
              value={shop.id}
              onChange={(id) => void navigate({ search: id === undefined ? {} : { shop: id } })}
            />
            <Counts shop={shop} />
          </Group>
          <WayToOthers shop={shop} apart={apart} />
          <Suggestions
            key={`${shop.id} ${apart}`}
            shop={shop}
            apart={apart}
            nothing={
              <Card withBorder>
                {apart ? (
                  <Empty icon="check" title={t("matching.apart.none")} />
                ) : (
                  <Empty icon="check" title={t("matching.none")} action={next(shop)}>
                    {t("matching.none.next")}
                  </Empty>
                )}
              </Card>
            }
          />
        </Stack>
      )}
    </Page>
  );
}

/** To what was left unlinked, where there is any, and back. */
function WayToOthers({ shop, apart }: { shop: ConnectedShop; apart: boolean }) {
  const { t } = useWords();
  const count = shop.counts.unlinked["by_hand"] ?? 0;
  if (apart) {
    return (
      <TextLink to="/matching" search={{ shop: shop.id }} size="sm">
        {t("matching.apart.back")}
      </TextLink>
    );
  }
  return count === 0 ? null : (
    <TextLink to="/matching" search={{ shop: shop.id, apart: true }} size="sm">
      {t("matching.apart.see", { count })}
    </TextLink>
  );
}

/** How many are linked, and why the others are not. */
function Counts({ shop }: { shop: ConnectedShop }) {
  const { t, known } = useWords();
  return (
    <Group gap="xs" pb={6} aria-live="polite">
      <Text size="sm" fw={600}>
        {t("matching.counts", { linked: shop.counts.linked, count: shop.counts.listings })}
      </Text>
      {Object.entries(shop.counts.unlinked).map(([reason, count]) => (
        <Badge key={reason} variant="default" tt="none" fw={500}>
          {known(`unlinked.${reason}`) ?? reason}: {count}
        </Badge>
      ))}
    </Group>
  );
}
