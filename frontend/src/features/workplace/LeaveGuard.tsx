import { Button, Group, Modal, Text } from "@mantine/core";
import { useBlocker } from "@tanstack/react-router";

import { useWords } from "@/i18n/words";

/** Asks before a step elsewhere loses what was arranged. */
export function LeaveGuard({ isChanged }: { isChanged: boolean }) {
  const { t } = useWords();
  const { status, proceed, reset } = useBlocker({
    shouldBlockFn: ({ current, next }) => isChanged && current.pathname !== next.pathname,
    enableBeforeUnload: isChanged,
    withResolver: true,
  });
  return (
    <Modal
      opened={status === "blocked"}
      onClose={() => reset?.()}
      title={t("arrange.leave")}
      closeButtonProps={{ "aria-label": t("action.close") }}
      centered
    >
      <Text size="sm">{t("arrange.leave.lost")}</Text>
      <Group justify="flex-end" mt="lg">
        <Button variant="default" onClick={() => reset?.()}>
          {t("arrange.leave.stay")}
        </Button>
        <Button color="red" onClick={() => proceed?.()}>
          {t("arrange.leave.go")}
        </Button>
      </Group>
    </Modal>
  );
}
