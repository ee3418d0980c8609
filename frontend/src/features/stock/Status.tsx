import { Group, Text } from "@mantine/core";

import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";

interface Props {
  first: number;
  last: number;
  total: number | null;
  /** How many there are. */
  words: string;
}

/** Which rows are in sight, and what keys there are. */
export function Status({ first, last, total, words }: Props) {
  const { t } = useWords();
  const format = useFormat();
  const shown = { first: format.number(first + 1), last: format.number(Math.min(last + 1, total ?? last + 1)) };
  return (
    <Group justify="space-between" c="dimmed" fz="sm">
      <Text size="sm">{`${t("stock.range", shown)} ${words}`}</Text>
      <Text size="sm">{t("stock.keys")}</Text>
    </Group>
  );
}
