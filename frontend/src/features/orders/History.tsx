import { Button, Card, Stack, Text, Timeline, Title } from "@mantine/core";

import { api, type Schemas } from "@/api/client";
import { itemsOf, PAGES } from "@/api/pages";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { Said } from "@/ui/Said";
import { Failed, Loading } from "@/ui/states";

type Event = Schemas["Timeline"];

const PAGE = 50;

/** What happened to an order, and because of it, oldest first. */
export function History({ orderId }: { orderId: number }) {
  const { t } = useWords();
  const list = api.useInfiniteQuery(
    "get",
    "/api/v1/orders/{order_id}/timeline",
    { params: { path: { order_id: orderId }, query: { limit: PAGE } } },
    PAGES,
  );
  const events = itemsOf(list.data);
  return (
    <Stack component="section" gap="sm" aria-label={t("history.title")}>
      <Title order={2} size="h4">
        {t("history.title")}
      </Title>
      <Card withBorder>
        {list.isPending ? <Loading rows={4} /> : null}
        {list.isError ? (
          <Failed error={list.error} retry={() => void list.refetch()} retrying={list.isFetching} />
        ) : null}
        <Timeline bulletSize={14} lineWidth={2} active={events.length} aria-label={t("history.title")}>
          {events.map((event) => (
            <Timeline.Item key={`${event.kind}-${event.id}-${event.text}`} title={<Kind event={event} />}>
              <What event={event} />
            </Timeline.Item>
          ))}
        </Timeline>
        {list.hasNextPage ? (
          <Button variant="default" mt="md" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            {t("list.more")}
          </Button>
        ) : null}
      </Card>
    </Stack>
  );
}

function Kind({ event }: { event: Event }) {
  const { t } = useWords();
  return (
    <Text size="sm" fw={600} span>
      {t(`history.${event.kind}`)}
    </Text>
  );
}

function What({ event }: { event: Event }) {
  const { t } = useWords();
  const format = useFormat();
  return (
    <>
      <Text size="sm">
        <Said line={event} />
      </Text>
      <Text size="xs" c="dimmed">
        <time dateTime={event.at}>{format.moment(event.at, { dateStyle: "medium", timeStyle: "medium" })}</time>
        {event.made_by === null ? "" : ` · ${t("history.by", { who: event.made_by })}`}
      </Text>
    </>
  );
}
