import { Button, Group, Stack, Text } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { useMemo } from "react";

import { api, type Schemas } from "@/api/client";
import { PAGES } from "@/api/pages";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { isTyped, withoutNothing } from "@/ui/address";
import type { Column } from "@/ui/DataTable";
import { hasDay, useTimeZone } from "@/ui/days";
import { TextLink } from "@/ui/links";
import { useListKept } from "@/ui/listKept";
import { NoShop } from "@/ui/NoShop";
import { Page } from "@/ui/Page";
import type { Pages } from "@/ui/Paged";
import { PagedTable } from "@/ui/PagedTable";
import { useShops } from "@/ui/shops";
import { Empty, Loading } from "@/ui/states";

import { Marks, PaymentBadge, StateBadge } from "./badges";
import { Export } from "./Export";
import { Filters } from "./Filters";
import { NEWEST_FIRST, type OrderFilters, queryOf, sortOf, SORTED_BY } from "./filters";
import { Totals } from "./Totals";

type Order = Schemas["Order"];

const PAGE = 50;
const NUMERIC = ["total"];
const here = getRouteApi("/inside/orders");

/** Every channel's orders, by filters that are in the address. */
export function Orders() {
  const { t } = useWords();
  const filters = withoutNothing(here.useSearch());
  const navigate = here.useNavigate();
  const change = (changes: Partial<OrderFilters>) => {
    const next = withoutNothing({ ...filters, ...changes });
    void navigate({ search: next, replace: isTyped(filters, next) });
  };
  useListKept("/orders", filters);
  const connections = useShops().names;
  const { timeZone, isKnown } = useTimeZone(hasDay(filters));
  const asked = queryOf(filters, timeZone);
  const query = { ...asked, sort: sortOf(filters), limit: PAGE };
  const list = api.useInfiniteQuery("get", "/api/v1/orders", { params: { query } }, { ...PAGES, enabled: isKnown });
  return (
    <Page title={t("orders.title")} actions={<Export query={asked} isReady={isKnown} />}>
      <Stack gap="md">
        <Filters filters={filters} shops={connections} onChange={change} />
        <Totals query={asked} isListed={isKnown && !list.isError} />
        <List list={list} filters={filters} shops={connections} onChange={change} />
      </Stack>
    </Page>
  );
}

interface ListProps {
  list: Pages<Order>;
  filters: OrderFilters;
  shops: ReadonlyMap<number, string>;
  onChange: (changes: Partial<OrderFilters>) => void;
}

function List({ list, filters, shops, onChange }: ListProps) {
  const { t } = useWords();
  const columns = useColumns(shops);
  return (
    <PagedTable
      label={t("orders.title")}
      query={list}
      columns={columns}
      rowId={rowId}
      numeric={NUMERIC}
      sorting={{
        value: sortOf(filters),
        columns: SORTED_BY,
        onChange: (sort) => onChange({ sort: sort === NEWEST_FIRST ? "" : sort }),
      }}
      card={(order) => <OrderCard order={order} shop={shops.get(order.connection_id)} />}
      empty={<Nothing filters={filters} onChange={onChange} />}
    />
  );
}

function rowId(order: Order): string {
  return String(order.id);
}

function Nothing({ filters, onChange }: Pick<ListProps, "filters" | "onChange">) {
  const { t } = useWords();
  const shops = useShops().query;
  if (Object.keys(filters).length === 0) {
    return shops.isPending ? (
      <Loading />
    ) : shops.data?.items.length === 0 ? (
      <NoShop>{t("orders.noShop")}</NoShop>
    ) : (
      <Empty icon="orders" title={t("orders.none")}>
        {t("orders.none.next")}
      </Empty>
    );
  }
  const nothing = Object.fromEntries(Object.keys(filters).map((name) => [name, undefined]));
  return (
    <Empty
      icon="filter"
      title={t("orders.noMatch")}
      action={
        <Button variant="default" onClick={() => onChange(nothing)}>
          {t("orders.clear")}
        </Button>
      }
    >
      {t("orders.noMatch.next")}
    </Empty>
  );
}

function useColumns(shops: ReadonlyMap<number, string>): Column<Order>[] {
  const { t } = useWords();
  const format = useFormat();
  return useMemo(
    () => [
      {
        id: "number",
        header: t("order.number"),
        cell: ({ row }) => (
          <Group gap="xs">
            <NumberLink order={row.original} />
            <Marks order={row.original} />
          </Group>
        ),
      },
      {
        id: "placed_at",
        header: t("order.placed"),
        cell: ({ row }) => format.moment(row.original.placed_at),
      },
      {
        id: "shop",
        header: t("order.shop"),
        cell: ({ row }) => shops.get(row.original.connection_id) ?? row.original.platform,
      },
      { id: "state", header: t("order.state"), cell: ({ row }) => <StateBadge state={row.original.state} /> },
      {
        id: "payment",
        header: t("order.payment"),
        cell: ({ row }) => <PaymentBadge payment={row.original.payment} />,
      },
      {
        id: "total",
        header: t("order.total"),
        cell: ({ row }) => format.money(row.original.total_minor, row.original.currency),
      },
    ],
    [t, format, shops],
  );
}

function NumberLink({ order }: { order: Order }) {
  return (
    <TextLink to="/orders/$orderId" params={{ orderId: String(order.id) }} size="sm" fw={600}>
      {order.number}
    </TextLink>
  );
}

function OrderCard({ order, shop }: { order: Order; shop: string | undefined }) {
  const format = useFormat();
  return (
    <Stack gap={6}>
      <Group justify="space-between" wrap="nowrap">
        <NumberLink order={order} />
        <Text size="sm" fw={600}>
          {format.money(order.total_minor, order.currency)}
        </Text>
      </Group>
      <Text size="sm" c="dimmed">
        {format.moment(order.placed_at)} · {shop ?? order.platform}
      </Text>
      <Group gap={6}>
        <StateBadge state={order.state} />
        <PaymentBadge payment={order.payment} />
        <Marks order={order} />
      </Group>
    </Stack>
  );
}
