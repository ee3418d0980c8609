import { Alert, Anchor, Button, Card, Group, Stack, Text, Title } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api, type Schemas } from "@/api/client";
import { itemsOf, PAGES } from "@/api/pages";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { Confirm } from "@/ui/Confirm";
import { useTellProblem } from "@/ui/notify";
import { For } from "@/ui/role";
import { useSay } from "@/ui/Said";
import { Failed, Loading } from "@/ui/states";
import { Told } from "@/ui/Told";
import { focusIfLost, useFocusKept } from "@/ui/useFocusKept";

import { Ship } from "./Ship";

type Shipment = Schemas["Fulfillment"];

const PAGE = 50;
const EVERY_MS = 2000;
const UNDER_WAY = new Set<Shipment["state"]>(["pending", "sending"]);
const OF_STATE = { pending: "indigo", sending: "indigo", sent: "green", failed: "red", cancelled: "gray" } as const;

/** What of an order was shipped from here, whether the shop knows, and the way to ship the rest. */
export function Shipments({ order }: { order: Schemas["OrderDetail"] }) {
  const { t } = useWords();
  const [shipping, setShipping] = useState(false);
  const list = api.useInfiniteQuery(
    "get",
    "/api/v1/orders/{order_id}/fulfillments",
    { params: { path: { order_id: order.id }, query: { limit: PAGE } } },
    {
      ...PAGES,
      refetchInterval: ({ state }) =>
        state.data?.pages.some((page) => page.items.some((each) => UNDER_WAY.has(each.state))) ? EVERY_MS : false,
    },
  );
  const shipments = itemsOf(list.data);
  const open = order.lines.reduce((sum, line) => sum + line.open_quantity, 0);
  const canShip = order.state === "open" && open > 0;
  const heading = useFocusKept<HTMLHeadingElement>(canShip);
  return (
    <Stack component="section" gap="sm" aria-label={t("shipments.title")}>
      <Group justify="space-between">
        <Title order={2} size="h4" ref={heading} tabIndex={-1}>
          {t("shipments.title")}
        </Title>
        {canShip ? (
          <For least="staff">
            <Button size="xs" onClick={() => setShipping(true)}>
              {t("ship.open", { count: open })}
            </Button>
            <Ship order={order} opened={shipping} onClose={() => setShipping(false)} />
          </For>
        ) : null}
      </Group>
      {list.isPending ? (
        <Loading rows={1} />
      ) : list.isError && shipments.length === 0 ? (
        <Failed error={list.error} retry={() => void list.refetch()} retrying={list.isFetching} />
      ) : shipments.length === 0 ? (
        <Text size="sm" c="dimmed">
          {t(canShip ? "shipments.none" : "shipments.noneHere")}
        </Text>
      ) : (
        shipments.map((shipment) => <One key={shipment.id} shipment={shipment} />)
      )}
      {list.hasNextPage ? (
        <Button variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {t("list.more")}
        </Button>
      ) : null}
    </Stack>
  );
}

function One({ shipment }: { shipment: Shipment }) {
  const { t, known } = useWords();
  const format = useFormat();
  const say = useSay();
  const canChange = shipment.state === "failed" || shipment.state === "pending";
  const card = useFocusKept<HTMLElement>(canChange);
  return (
    <Card
      withBorder
      padding="sm"
      component="article"
      aria-label={t("shipments.one", { id: shipment.id })}
      ref={card}
      tabIndex={-1}
    >
      <Stack gap={6}>
        <Group justify="space-between">
          <Group gap="xs">
            <Told colour={OF_STATE[shipment.state]}>{t(`shipment.${shipment.state}`)}</Told>
            <Text size="sm" c="dimmed">
              {format.moment(shipment.created_at)} · {t("history.by", { who: shipment.created_by })}
            </Text>
          </Group>
          <For least="staff">
            <Actions shipment={shipment} canChange={canChange} onClosed={() => focusIfLost(() => card.current)} />
          </For>
        </Group>
        <Text size="sm">
          {shipment.lines.map((line) => `${format.number(line.quantity)} × ${line.title}`).join(", ")}
        </Text>
        <Tracking shipment={shipment} />
        {shipment.waits_for === null ? null : (
          <Text size="sm">{known(`waits.${shipment.waits_for}`) ?? t("waits.connection")}</Text>
        )}
        {shipment.error_code === "" ? null : (
          <Alert color={shipment.state === "failed" ? "red" : "gray"} p="xs">
            <Text size="sm">{known(`problem.${shipment.error_code}`) ?? t("problem.http")}</Text>
            <Text size="sm" c="dimmed">
              {say({ text: shipment.error, ...shipment.error_said })}
            </Text>
          </Alert>
        )}
        {shipment.remark === null ? null : (
          <Text size="sm" c="dimmed">
            {t("shipments.noParts")}
          </Text>
        )}
      </Stack>
    </Card>
  );
}

function Tracking({ shipment }: { shipment: Shipment }) {
  const { carrier, tracking_number: number, tracking_url: address } = shipment;
  if (carrier === "" && number === "") {
    return null;
  }
  return (
    <Text size="sm" c="dimmed">
      {carrier}{" "}
      {/^https?:\/\//.test(address) ? (
        <Anchor href={address} target="_blank" rel="noopener noreferrer" size="sm">
          {number}
        </Anchor>
      ) : (
        number
      )}
    </Text>
  );
}

interface ActionsProps {
  shipment: Shipment;
  canChange: boolean;
  /** What was asked is gone. */
  onClosed: () => void;
}

/** What its state allows. */
function Actions({ shipment, canChange, onClosed }: ActionsProps) {
  const { t } = useWords();
  const tell = useTellProblem();
  const queries = useQueryClient();
  const [asking, setAsking] = useState(false);
  const after = {
    onSuccess: () =>
      queries.invalidateQueries({
        predicate: ({ queryKey }) => String(queryKey[1]).startsWith("/api/v1/orders/{order_id}"),
      }),
    onError: tell,
  };
  const retry = api.useMutation("post", "/api/v1/fulfillments/{fulfillment_id}/retry", after);
  const cancel = api.useMutation("post", "/api/v1/fulfillments/{fulfillment_id}/cancel", {
    ...after,
    onSettled: () => setAsking(false),
  });
  const params = { path: { fulfillment_id: shipment.id } };
  return (
    <>
      {canChange ? (
        <Group gap="xs">
          {shipment.state === "failed" ? (
            <Button size="xs" variant="default" loading={retry.isPending} onClick={() => retry.mutate({ params })}>
              {t("state.retry")}
            </Button>
          ) : null}
          <Button size="xs" variant="default" onClick={() => setAsking(true)}>
            {t("shipment.cancel")}
          </Button>
        </Group>
      ) : null}
      <Confirm
        opened={asking}
        title={t("shipment.cancel.ask")}
        action={t("shipment.cancel")}
        danger
        busy={cancel.isPending}
        onConfirm={() => cancel.mutate({ params })}
        onClose={() => setAsking(false)}
        onClosed={onClosed}
      >
        <Text size="sm">
          {t("shipment.cancel.sure", { count: shipment.lines.reduce((sum, line) => sum + line.quantity, 0) })}
        </Text>
      </Confirm>
    </>
  );
}
