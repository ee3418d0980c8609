import { Card, Group, Stack, Text } from "@mantine/core";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useLayoutEffect, useRef, useState } from "react";

import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";

import { Figure } from "./Figure";
import { Marks, SkuLink } from "./Grid";
import classes from "./Stock.module.css";
import type { Row } from "./useStockPages";

const CARD_HEIGHT = 124;
const OVERSCAN = 5;

interface Props {
  count: number;
  total: number | null;
  row: (index: number) => Row | undefined;
  onRange: (first: number, last: number) => void;
}

/** Where there is no room for a table. */
export function Cards({ count, total, row, onRange }: Props) {
  const { t } = useWords();
  const list = useRef<HTMLUListElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    setTop((list.current?.getBoundingClientRect().top ?? 0) + window.scrollY);
  }, []);
  const virtual = useWindowVirtualizer({
    count,
    estimateSize: () => CARD_HEIGHT,
    overscan: OVERSCAN,
    scrollMargin: top,
  });
  const items = virtual.getVirtualItems();
  const [first, last] = [items[0]?.index ?? 0, items.at(-1)?.index ?? 0];
  useEffect(() => onRange(first, last), [onRange, first, last]);
  return (
    <ul
      ref={list}
      aria-label={t("stock.title")}
      className={classes["cards"] ?? ""}
      style={{
        paddingTop: (items[0]?.start ?? top) - top,
        paddingBottom: virtual.getTotalSize() - ((items.at(-1)?.end ?? top) - top),
      }}
    >
      {items.map((item) => (
        <li
          key={item.index}
          className={classes["card"] ?? ""}
          aria-setsize={total ?? -1}
          aria-posinset={item.index + 1}
        >
          <Card withBorder padding="sm" h="100%">
            <OneCard row={row(item.index)} />
          </Card>
        </li>
      ))}
    </ul>
  );
}

function OneCard({ row }: { row: Row | undefined }) {
  const { t } = useWords();
  const format = useFormat();
  if (row === undefined) {
    return <span className={classes["hole"] ?? ""} role="status" aria-label={t("state.loading")} />;
  }
  const shops = row.channels.filter((channel) => channel.expected !== null);
  return (
    <Stack gap={4}>
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Text size="sm" truncate component="div">
          <SkuLink row={row} /> <Marks row={row} />
        </Text>
        <Text size="sm" component="div" style={{ whiteSpace: "nowrap" }}>
          <Text span c="dimmed" size="xs">
            {t("stock.available")}
          </Text>{" "}
          <Figure value={row.available} strong />
        </Text>
      </Group>
      <Text size="sm" truncate>
        {row.title}
      </Text>
      <Text size="xs" c="dimmed" truncate>
        {row.levels.map((level) => `${level.location} ${format.number(level.on_hand)}`).join(" · ")}
      </Text>
      <Text size="xs" c="dimmed" truncate>
        {shops.map((shop) => `${shop.connection_name} ${format.number(shop.expected ?? 0)}`).join(" · ")}
      </Text>
    </Stack>
  );
}
