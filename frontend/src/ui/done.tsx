import { Button, Group, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useCallback } from "react";

import { useWords } from "@/i18n/words";

const UNDO_MS = 12_000;

/** Tells that something was done, and offers to take it back. */
export function useTellDone(): (message: string, undo?: () => void) => void {
  const { t } = useWords();
  return useCallback(
    (message, undo) => {
      const id = notifications.show({
        message: (
          <Group justify="space-between" wrap="nowrap" gap="sm">
            <Text size="sm">{message}</Text>
            {undo === undefined ? null : (
              <Button
                size="compact-sm"
                variant="default"
                onClick={() => {
                  notifications.hide(id);
                  undo();
                }}
              >
                {t("action.undo")}
              </Button>
            )}
          </Group>
        ),
        closeButtonProps: { "aria-label": t("action.close") },
        withBorder: true,
        autoClose: UNDO_MS,
      });
    },
    [t],
  );
}
