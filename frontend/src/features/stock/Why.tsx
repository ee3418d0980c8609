import { Button, Card, Group, Stack, Text } from "@mantine/core";
import { Fragment, type ReactNode } from "react";

import { api, type Schemas } from "@/api/client";
import { itemsOf, PAGES } from "@/api/pages";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { Icon } from "@/ui/icons";
import { PlainSection } from "@/ui/PlainSection";
import { Said } from "@/ui/Said";
import { Failed, Loading } from "@/ui/states";

import { None } from "./None";

type Line = Schemas["Why"];

const PAGE = 25;
const ICONS = { movement: "box", write: "shop", drift: "warn" } as const;

interface Props {
  variantId: number;
  available: number;
  isBundle: boolean;
  orderLink: (orderId: number, text: string) => ReactNode;
}

/** Every order, change and write that led to the numbers, newest first. */
export function Why({ variantId, available, isBundle, orderLink }: Props) {
  const { t } = useWords();
  const format = useFormat();
  const list = api.useInfiniteQuery(
    "get",
    "/api/v1/stock/{variant_id}/why",
    { params: { path: { variant_id: variantId }, query: { limit: PAGE } } },
    PAGES,
  );
  const lines = itemsOf(list.data);
  return (
    <PlainSection title={t("stock.why.title", { number: format.number(available) })}>
      <Card withBorder>
        {list.isPending ? <Loading rows={4} /> : null}
        {list.isError ? (
          <Failed error={list.error} retry={() => void list.refetch()} retrying={list.isFetching} />
        ) : null}
        {list.isSuccess && lines.length === 0 ? <None>{t(isBundle ? "stock.why.bundle" : "stock.why.none")}</None> : null}
        <Stack gap="sm" component="ol" p={0} m={0} style={{ listStyle: "none" }}>
          {lines.map((line) => (
            <li key={`${line.kind} ${line.id}`}>
              <One line={line} orderLink={orderLink} />
            </li>
          ))}
        </Stack>
        {list.hasNextPage ? (
          <Button variant="default" mt="md" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            {t("list.more")}
          </Button>
        ) : null}
      </Card>
    </PlainSection>
  );
}

function One({ line, orderLink }: { line: Line; orderLink: Props["orderLink"] }) {
  const { t } = useWords();
  const format = useFormat();
  const { on_hand_after: onHand, committed_after: committed } = line;
  const told = [
    <time key="at" dateTime={line.at}>
      {format.moment(line.at, { dateStyle: "medium", timeStyle: "medium" })}
    </time>,
    line.location,
    onHand === null || committed === null
      ? null
      : t("stock.why.after", { available: format.number(onHand - committed), onHand: format.number(onHand) }),
    line.order_id === null ? null : orderLink(line.order_id, t("stock.why.order")),
  ].filter((each) => each !== null);
  return (
    <Group gap="sm" wrap="nowrap" align="flex-start">
      <Text span c="dimmed" lh={0} pt={3}>
        <Icon name={ICONS[line.kind]} size={16} />
      </Text>
      <div>
        <Text size="sm">
          <Said line={line} />
        </Text>
        <Text size="xs" c="dimmed">
          {told.map((each, index) => (
            <Fragment key={index}>
              {/* A line may end with the dot, but not begin with it. */}
              {index === 0 ? "" : "\u00a0· "}
              <span>{each}</span>
            </Fragment>
          ))}
        </Text>
      </div>
    </Group>
  );
}
