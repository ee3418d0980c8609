import { Text } from "@mantine/core";

import { useWords } from "@/i18n/words";

import { usePlaces } from "./places";

/** Beside a choice of places, where it does not have them all. */
export function MorePlaces() {
  const { t } = useWords();
  const { list, hasMore } = usePlaces();
  return hasMore ? (
    <Text size="xs" c="dimmed">
      {t("places.more", { count: list.length })}
    </Text>
  ) : null;
}
