import { Button, Text } from "@mantine/core";
import type { ReactNode } from "react";

import { useWords } from "@/i18n/words";

import { TooMuch } from "./states";

interface Props {
  list: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => Promise<unknown> };
  shown: number;
  /** More than that nobody reads. */
  most: number;
  /** How to see less. */
  remedy?: ReactNode;
}

/** The end of a list: that it is all, a way to the next rows, or that there are too many. */
export function More({ list, shown, most, remedy }: Props) {
  const { t } = useWords();
  if (!list.hasNextPage) {
    return (
      <Text size="sm" c="dimmed" ta="center">
        {t("list.all", { count: shown })}
      </Text>
    );
  }
  if (shown >= most) {
    return <TooMuch shown={shown}>{remedy}</TooMuch>;
  }
  return (
    <Button
      variant="default"
      loading={list.isFetchingNextPage}
      onClick={() => void list.fetchNextPage()}
      style={{ alignSelf: "center" }}
    >
      {t("list.more")}
    </Button>
  );
}
