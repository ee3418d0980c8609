import { Card, Group, SimpleGrid, Stack, Table, Text, Title } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";

import { api, type Schemas } from "@/api/client";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { BackLink } from "@/ui/links";
import { Page } from "@/ui/Page";
import { useShops } from "@/ui/shops";
import { Failed, Loading } from "@/ui/states";

import { Marks, PaymentBadge, StateBadge } from "./badges";
import { History } from "./History";
import { Shipments } from "./Shipments";

type Order = Schemas["OrderDetail"];

const here = getRouteApi("/inside/orders/$orderId");

/** One order: what was bought, what it comes to, what it did to the stock, and all that happened. */
export function OrderPage() {
  const { t } = useWords();
  const { orderId } = here.useParams();
  const path = { order_id: Number(orderId) };
  const order = api.useQuery("get", "/api/v1/orders/{order_id}", { params: { path } });
  if (order.isPending) {
    return (
      <Page title={t("order.title", { number: "" })}>
        <Loading rows={6} />
      </Page>
    );
  }
  if (order.data === undefined) {
    return (
      <Page title={t("order.title", { number: "" })} lead={<Back />}>
        <Failed error={order.error} retry={() => void order.refetch()} retrying={order.isFetching} />
      </Page>
    );
  }
  return (
    <Page title={t("order.title", { number: order.data.number })} lead={<Back />}>
      {order.isError ? <Failed error={order.error} retry={() => void order.refetch()} /> : null}
      <Facts order={order.data} />
      <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="lg">
        <Stack gap="lg">
          <Lines order={order.data} />
          <Shipments order={order.data} />
        </Stack>
        <History orderId={order.data.id} />
      </SimpleGrid>
    </Page>
  );
}

function Back() {
  const { t } = useWords();
  return <BackLink to="/orders">{t("order.back")}</BackLink>;
}

function Facts({ order }: { order: Order }) {
  const { t } = useWords();
  const format = useFormat();
  const shop = useShops().names.get(order.connection_id);
  return (
    <Stack gap="sm">
      <Group gap="xs">
        <StateBadge state={order.state} />
        <PaymentBadge payment={order.payment} />
        <Marks order={order} />
        <Text size="sm" c="dimmed">
          {[shop, t("order.placedAt", { at: format.moment(order.placed_at) })].filter(Boolean).join(" · ")}
        </Text>
      </Group>
      {order.review_reason === null ? null : (
        <Text size="sm" role="note">
          {t("order.reviewReason", { reason: order.review_reason })}
        </Text>
      )}
    </Stack>
  );
}

function Lines({ order }: { order: Order }) {
  const { t } = useWords();
  const format = useFormat();
  const money = (minor: number) => format.money(minor, order.currency);
  const sums = [
    ["order.subtotal", order.subtotal_minor],
    ["order.discount", -order.discount_minor],
    ["order.shipping", order.shipping_minor],
    ["order.tax", order.tax_minor],
  ] as const;
  return (
    <Stack component="section" gap="sm" aria-label={t("order.lines")}>
      <Title order={2} size="h4">
        {t("order.lines")}
      </Title>
      <Card withBorder padding={0}>
        <Table verticalSpacing="sm" aria-label={t("order.lines")}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("line.what")}</Table.Th>
              <Table.Th ta="right">{t("line.quantity")}</Table.Th>
              <Table.Th ta="right">{t("line.price")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {order.lines.map((line) => (
              <Table.Tr key={line.id}>
                <Table.Td>
                  <Text size="sm" fw={600}>
                    {line.title}
                  </Text>
                  <Text size="sm" c="dimmed">
                    {line.sku ?? t("line.noSku")}
                  </Text>
                  <Effect line={line} />
                </Table.Td>
                <Table.Td ta="right">
                  {format.number(line.quantity)}
                  <Text size="sm" c="dimmed">
                    {line.open_quantity > 0
                      ? t("line.open", { count: line.open_quantity })
                      : t("line.shipped", { count: line.fulfilled_quantity })}
                  </Text>
                </Table.Td>
                <Table.Td ta="right" data-numeric>
                  {money(line.unit_price_minor * line.quantity)}
                  {line.quantity === 1 ? null : (
                    <Text size="sm" c="dimmed">
                      {t("line.each", { price: money(line.unit_price_minor) })}
                    </Text>
                  )}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
          <Table.Tfoot>
            {sums
              .filter(([name, minor]) => minor !== 0 || name === "order.subtotal")
              .map(([name, minor]) => (
                <Sum key={name} name={t(name)} amount={money(minor)} />
              ))}
            <Sum name={t("order.total")} amount={money(order.total_minor)} bold />
            {order.refunded_minor === 0 ? null : (
              <Sum name={t("order.refunded")} amount={money(-order.refunded_minor)} />
            )}
          </Table.Tfoot>
        </Table>
      </Card>
    </Stack>
  );
}

function Sum({ name, amount, bold = false }: { name: string; amount: string; bold?: boolean }) {
  const weight = bold ? 700 : 400;
  return (
    <Table.Tr>
      <Table.Th colSpan={2} ta="right" fw={weight} scope="row">
        {name}
      </Table.Th>
      <Table.Td ta="right" fw={weight} data-numeric>
        {amount}
      </Table.Td>
    </Table.Tr>
  );
}

/** What the line did to our own stock, summed up: the history tells it step by step. */
function Effect({ line }: { line: Schemas["Line"] }) {
  const { t } = useWords();
  const sum = (name: "on_hand_delta" | "committed_delta") =>
    line.movements.reduce((total, movement) => total + movement[name], 0);
  const [onHand, committed] = [sum("on_hand_delta"), sum("committed_delta")];
  if (line.variant_id === null) {
    return (
      <Text size="sm" c="dimmed">
        {t("line.notLinked")}
      </Text>
    );
  }
  const told = [
    committed > 0 ? t("line.reserved", { count: committed }) : null,
    onHand < 0 ? t("line.left", { count: -onHand }) : null,
    onHand > 0 ? t("line.cameBack", { count: onHand }) : null,
  ].filter((words) => words !== null);
  return (
    <Text size="sm" c="dimmed">
      {told.length > 0 ? told.join(" · ") : t("line.noEffect")}
    </Text>
  );
}
