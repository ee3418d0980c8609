import { useDebouncedValue } from "@mantine/hooks";
import { useNavigate } from "@tanstack/react-router";

import { api, type Schemas } from "@/api/client";
import { problemOf } from "@/api/problem";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { useInWords } from "@/ui/problems";
import { useShops } from "@/ui/shops";

import type { Group, Offer } from "./commands";

type Sku = Schemas["Variant"];
type Order = Schemas["Order"];

const TYPING_MS = 250;
const FEW = 5;

interface Hits {
  groups: Group[];
  /** Ways to all that there are; none as long as nothing is typed. */
  further: Group[];
  /** What there is to say of them; null where they speak for themselves. */
  status: string | null;
}

/** SKUs and orders that the API finds, once typing pauses, and the lists that have all of them. What is typed on is not
 *  waited for. */
export function useHits(term: string): Hits {
  const { t } = useWords();
  const words = useInWords();
  const [asked] = useDebouncedValue(term, TYPING_MS);
  const isAsked = asked === term && term !== "";
  const options = { enabled: isAsked, retry: false };
  const query = { q: asked, limit: FEW };
  const skus = api.useQuery("get", "/api/v1/variants", { params: { query } }, options);
  const orders = api.useQuery("get", "/api/v1/orders", { params: { query } }, options);
  const { skuOffer, orderOffer, further } = useOffers(term);
  if (term === "") {
    return { groups: [], further: [], status: null };
  }
  const groups = [
    { name: t("palette.skus"), offers: isAsked ? (skus.data?.items ?? []).map(skuOffer) : [] },
    { name: t("orders.title"), offers: isAsked ? (orders.data?.items ?? []).map(orderOffer) : [] },
  ].filter(({ offers }) => offers.length > 0);
  const error = isAsked ? (skus.error ?? orders.error) : null;
  const again: Offer = {
    id: "again",
    label: t("state.retry"),
    icon: "history",
    stays: true,
    go: () => void Promise.all([skus, orders].filter(({ isError }) => isError).map(({ refetch }) => refetch())),
  };
  const ways = [{ name: t("palette.further"), offers: error === null ? further : [again, ...further] }];
  if (!isAsked || skus.isFetching || orders.isFetching) {
    return { groups, further: ways, status: t("palette.searching") };
  }
  if (error !== null) {
    return { groups, further: ways, status: t("palette.failed", { why: words(problemOf(error)).title }) };
  }
  return { groups, further: ways, status: groups.length === 0 ? t("palette.none", { term }) : null };
}

function useOffers(term: string) {
  const { t } = useWords();
  const format = useFormat();
  const navigate = useNavigate();
  const shops = useShops().names;
  return {
    skuOffer: (variant: Sku): Offer => ({
      id: `sku-${variant.id}`,
      label: variant.title,
      hint: `${variant.sku ?? t("line.noSku")} · ${t("matching.available", { count: variant.available })}`,
      icon: "box",
      go: () => void navigate({ to: "/stock/$variantId", params: { variantId: String(variant.id) } }),
    }),
    orderOffer: (order: Order): Offer => ({
      id: `order-${order.id}`,
      label: order.number,
      hint: [
        shops.get(order.connection_id) ?? order.platform,
        format.moment(order.placed_at, { dateStyle: "medium" }),
        format.money(order.total_minor, order.currency),
      ].join(" · "),
      icon: "orders",
      go: () => void navigate({ to: "/orders/$orderId", params: { orderId: String(order.id) } }),
    }),
    further: [
      {
        id: "all-skus",
        label: t("palette.inStock", { term }),
        icon: "search",
        go: () => void navigate({ to: "/stock", search: { q: term } }),
      },
      {
        id: "all-orders",
        label: t("palette.inOrders", { term }),
        icon: "search",
        go: () => void navigate({ to: "/orders", search: { q: term } }),
      },
    ] satisfies Offer[],
  };
}
