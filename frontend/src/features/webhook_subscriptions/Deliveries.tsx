import { Button, Code, Group, Modal, Select, Stack, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";

import { api, type Schemas } from "@/api/client";
import { itemsOf, PAGES } from "@/api/pages";
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
  const stateField = useRef<HTMLInputElement>(null);
  const failed = api.useQuery("get", "/api/v1/webhook-subscriptions/{subscription_id}/deliveries", {
    params: { path, query: { limit: 1, state: "dead" } },
  });
  // One that the list may not have come to, or leaves out.
  const hasFailed = [...itemsOf(list.data), ...(failed.data?.items ?? [])].some((each) => each.state === "dead");
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
        hasFailed ? (
          <Button variant="default" onClick={() => setAsksAll(true)}>
            {t("deliveries.again")}
          </Button>
        ) : null
      }
    >
      <Select
        ref={stateField}
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
        onClosed={() => {
          // What opened it is gone then.
          if (!hasFailed) {
            stateField.current?.focus({ preventScroll: true });
          }
        }}
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
  const { t } = useWords();
  const format = useFormat();
  const cameOf = useCameOf();
  const told = [
    ...cameOf(delivery),
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

/** What was answered, and why that is a failure, in words. */
function useCameOf() {
  const { t, known } = useWords();
  return ({ status, fault }: { status: number | null; fault: string }): string[] => [
    ...(status === null ? [] : [t("delivery.status", { status: String(status) })]),
    ...(fault === "" ? [] : [known(`delivery.fault.${fault}`) ?? fault]),
  ];
}

function InFull({ id }: { id: number }) {
  const { t } = useWords();
  const format = useFormat();
  const cameOf = useCameOf();
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
      <div>
        <Text size="sm" fw={600}>
          {t("delivery.history")}
        </Text>
        <Stack component="ul" gap="xs" m={0} mt={4} p={0} style={{ listStyle: "none" }} aria-label={t("delivery.history")}>
          {history.map((attempt) => (
            <Text key={attempt.at} component="li" size="sm">
              {cameOf(attempt).join(" · ")}
              <Text span size="sm" c="dimmed" display="block">
                {format.moment(attempt.at, { dateStyle: "medium", timeStyle: "medium" })} ·{" "}
                {t("chart.ms", { value: format.number(attempt.duration_ms) })}
              </Text>
            </Text>
          ))}
        </Stack>
      </div>
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
