import { Button, Code, Group, Modal, Select, Stack, Table, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api, type Schemas } from "@/api/client";
import { PAGES } from "@/api/pages";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { Confirm } from "@/ui/Confirm";
import { useTellProblem } from "@/ui/notify";
import { PagedList } from "@/ui/PagedList";
import { Section } from "@/ui/Section";
import { Empty, Failed, Loading } from "@/ui/states";

import { DeliveryBadge } from "./badges";

type Delivery = Schemas["Delivery"];

const STATES = ["pending", "delivered", "dead"] as const;
const LOG = ["get", "/api/v1/webhook-subscriptions/{subscription_id}/deliveries"] as const;
const KEPT_DAYS = 30;
/** While something waits, or was just asked for. */
const EVERY_MS = 3000;

/** What was sent to a webhook and what was answered, newest first; any of it can be sent again. */
export function Deliveries({ hook }: { hook: Schemas["Subscription"] }) {
  const { t } = useWords();
  const queries = useQueryClient();
  const tell = useTellProblem();
  const [state, setState] = useState<Delivery["state"] | null>(null);
  const [opened, setOpened] = useState<number | null>(null);
  const [asksAll, setAsksAll] = useState(false);
  const path = { subscription_id: hook.id };
  const query = { limit: 50, ...(state === null ? {} : { state }) };
  const list = api.useInfiniteQuery(
    "get",
    "/api/v1/webhook-subscriptions/{subscription_id}/deliveries",
    { params: { path, query } },
    {
      ...PAGES,
      refetchInterval: ({ state: { data } }) =>
        hook.state === "active" && data?.pages[0]?.items.some((each) => each.state === "pending") ? EVERY_MS : false,
    },
  );
  const look = () => queries.invalidateQueries({ queryKey: LOG });
  const replay = api.useMutation("post", "/api/v1/webhook-deliveries/{delivery_id}/replay", {
    onSuccess: look,
    onError: tell,
  });
  const replayAll = api.useMutation("post", "/api/v1/webhook-subscriptions/{subscription_id}/replay", {
    onSuccess: look,
    onError: tell,
    onSettled: () => setAsksAll(false),
  });
  const again = (delivery: Delivery) => (
    <Button
      variant="default"
      size="xs"
      aria-label={t("delivery.again.of", { kind: delivery.kind, id: delivery.id })}
      loading={replay.isPending && replay.variables.params.path.delivery_id === delivery.id}
      onClick={() => replay.mutate({ params: { path: { delivery_id: delivery.id } } })}
    >
      {t("delivery.again")}
    </Button>
  );
  return (
    <Section
      title={t("deliveries.title")}
      lead={t("deliveries.lead")}
      aside={
        <Button variant="default" onClick={() => setAsksAll(true)}>
          {t("deliveries.again")}
        </Button>
      }
    >
      <Select
        label={t("deliveries.state")}
        placeholder={t("filters.any")}
        data={STATES.map((value) => ({ value, label: t(`delivery.${value}`) }))}
        value={state}
        onChange={(value) => setState(value as Delivery["state"] | null)}
        clearable
        maw={240}
      />
      <PagedList
        label={t("deliveries.title")}
        query={list}
        itemId={({ id }) => id}
        empty={
          <Empty icon="mail" title={t(state === null ? "deliveries.none" : "deliveries.noMatch")}>
            {state === null ? t("deliveries.none.next") : null}
          </Empty>
        }
      >
        {(delivery) => (
          <DeliveryRow delivery={delivery} onOpen={() => setOpened(delivery.id)}>
            {delivery.state === "pending" ? null : again(delivery)}
          </DeliveryRow>
        )}
      </PagedList>
      <Modal
        opened={opened !== null}
        onClose={() => setOpened(null)}
        title={t("delivery.title")}
        closeButtonProps={{ "aria-label": t("action.close") }}
        size="xl"
      >
        {opened === null ? null : <InFull id={opened} />}
      </Modal>
      <Confirm
        opened={asksAll}
        title={t("deliveries.again")}
        action={t("deliveries.again.go")}
        busy={replayAll.isPending}
        danger
        onConfirm={() => {
          const since = new Date(Date.now() - KEPT_DAYS * 86_400_000).toISOString();
          replayAll.mutate({ params: { path }, body: { since } });
        }}
        onClose={() => setAsksAll(false)}
      >
        <Text size="sm">{t("deliveries.again.sure")}</Text>
      </Confirm>
    </Section>
  );
}

interface RowProps {
  delivery: Delivery;
  onOpen: () => void;
  children: React.ReactNode;
}

function DeliveryRow({ delivery, onOpen, children }: RowProps) {
  const { t, known } = useWords();
  const format = useFormat();
  const told = [
    delivery.status === null ? null : t("delivery.status", { status: String(delivery.status) }),
    delivery.fault === "" ? null : (known(`delivery.fault.${delivery.fault}`) ?? delivery.fault),
    delivery.duration_ms === null ? null : t("chart.ms", { value: format.number(delivery.duration_ms) }),
    delivery.attempts > 1 ? t("delivery.attempts", { count: delivery.attempts }) : null,
    delivery.next_attempt_at === null
      ? null
      : t("delivery.next", { at: format.moment(delivery.next_attempt_at, { timeStyle: "medium" }) }),
  ].filter((words) => words !== null);
  return (
    <Group justify="space-between" gap="sm">
      <Stack gap={2} style={{ flex: "1 1 240px" }}>
        <Group gap="xs">
          <Text size="sm" fw={600}>
            {delivery.kind}
          </Text>
          <DeliveryBadge state={delivery.state} />
        </Group>
        <Text size="sm" c="dimmed">
          {[format.moment(delivery.created_at, { dateStyle: "medium", timeStyle: "medium" }), ...told].join(" · ")}
        </Text>
      </Stack>
      <Group gap="xs">
        <Button
          variant="default"
          size="xs"
          aria-label={t("delivery.look.of", { kind: delivery.kind, id: delivery.id })}
          onClick={onOpen}
        >
          {t("delivery.look")}
        </Button>
        {children}
      </Group>
    </Group>
  );
}

function InFull({ id }: { id: number }) {
  const { t, known } = useWords();
  const format = useFormat();
  const found = api.useQuery("get", "/api/v1/webhook-deliveries/{delivery_id}", {
    params: { path: { delivery_id: id } },
  });
  if (found.data === undefined) {
    return found.isError ? <Failed error={found.error} retry={() => void found.refetch()} /> : <Loading rows={4} />;
  }
  const { body, answer, history, event_id } = found.data;
  return (
    <Stack gap="md">
      <Text size="sm">
        webhook-id <Code>{event_id}</Code>
      </Text>
      <Part title={t("delivery.body")} content={readable(body)} />
      <Part title={t("delivery.answer")} content={answer === "" ? t("delivery.answer.none") : answer} />
      <Table.ScrollContainer
        minWidth={420}
        type="native"
        tabIndex={0}
        role="region"
        aria-label={t("delivery.history")}
      >
        <Table aria-label={t("delivery.history")}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("delivery.at")}</Table.Th>
              <Table.Th>{t("delivery.came")}</Table.Th>
              <Table.Th ta="right">{t("delivery.took")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {history.map((attempt) => (
              <Table.Tr key={attempt.at}>
                <Table.Td>{format.moment(attempt.at, { dateStyle: "medium", timeStyle: "medium" })}</Table.Td>
                <Table.Td>
                  {[attempt.status, attempt.fault === "" ? null : (known(`delivery.fault.${attempt.fault}`) ?? attempt.fault)]
                    .filter((each) => each !== null)
                    .join(" · ")}
                </Table.Td>
                <Table.Td ta="right" data-numeric>
                  {t("chart.ms", { value: format.number(attempt.duration_ms) })}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Stack>
  );
}

function Part({ title, content }: { title: string; content: string }) {
  return (
    <Stack gap={4}>
      <Text size="sm" fw={600}>
        {title}
      </Text>
      <Code block tabIndex={0} aria-label={title} mah={260} style={{ overflow: "auto", whiteSpace: "pre-wrap" }}>
        {content}
      </Code>
    </Stack>
  );
}

function readable(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}
