import { Card, Group, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";

import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { Ago } from "@/ui/Ago";
import { Icon } from "@/ui/icons";
import { PlainSection } from "@/ui/PlainSection";
import { useSay } from "@/ui/Said";

import { type Channel, shownAt, toldOf } from "./channels";
import { None } from "./None";
import type { Row } from "./useStockPages";

interface Props {
  row: Row;
  /** The way to what holds its numbers. */
  decide: ReactNode;
}

/** What each shop shows, beside what it should show. */
export function Shops({ row, decide }: Props) {
  const { t } = useWords();
  return (
    <PlainSection title={t("shown.title")}>
      <Card withBorder>
        {row.channels.length === 0 ? <None>{t("shown.none")}</None> : null}
        <Stack gap="sm" component="ul" p={0} m={0} style={{ listStyle: "none" }}>
          {row.channels.map((channel) => (
            <li key={`${channel.connection_id} ${channel.location_id}`}>
              <Shop channel={channel} place={placeOf(row, channel)} decide={decide} />
            </li>
          ))}
        </Stack>
      </Card>
    </PlainSection>
  );
}

/** Named only where the shop has a number at several. */
function placeOf(row: Row, { connection_id, location_id }: Channel): string | null {
  const many = row.channels.filter((each) => each.connection_id === connection_id).length > 1;
  return many ? (row.levels.find((level) => level.location_id === location_id)?.location ?? null) : null;
}

interface ShopProps extends Pick<Props, "decide"> {
  channel: Channel;
  place: string | null;
}

function Shop({ channel, place, decide }: ShopProps) {
  const { t } = useWords();
  const format = useFormat();
  const told = toldOf(t, format, useSay(), [channel]);
  return (
    <Stack gap={2}>
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm" fw={600}>
          {channel.connection_name}
          {place === null ? null : (
            <Text span c="dimmed" inherit>
              {" "}
              {place}
            </Text>
          )}
        </Text>
        <Text size="sm" component="div" style={{ whiteSpace: "nowrap" }}>
          {t("shown.shows")}{" "}
          <Text span fw={600} inherit>
            {shownAt(format, [channel])}
          </Text>
          {channel.target === null || channel.target === channel.expected ? null : (
            <Text span c="dimmed" inherit>
              {" "}
              {t("shown.wanted", { wanted: format.number(channel.target) })}
            </Text>
          )}
        </Text>
      </Group>
      <Group gap={6} wrap="nowrap" align="flex-start">
        {told === null ? (
          <Text size="xs" c="dimmed">
            {t("shown.inStep")}
          </Text>
        ) : (
          <>
            <Text span lh={0} c={`var(--app-${told.colour})`}>
              <Icon name={told.icon} size={16} />
            </Text>
            <Text size="xs">
              {told.words} {told.mark === "held" ? decide : null}
            </Text>
          </>
        )}
        {channel.synced_at === null ? null : (
          <Text size="xs" c="dimmed" component="div" style={{ flexShrink: 0, whiteSpace: "nowrap" }}>
            · <Ago at={channel.synced_at} />
          </Text>
        )}
      </Group>
    </Stack>
  );
}
