import { Button, Group, Modal, Text } from "@mantine/core";
import { useBlocker } from "@tanstack/react-router";

import { useWords } from "@/i18n/words";

/** Asks before a step elsewhere, be it another part of the page, loses what was changed. */
export function LeaveGuard({ isChanged }: { isChanged: boolean }) {
  const { t } = useWords();
  const { status, proceed, reset } = useBlocker({
    shouldBlockFn: ({ current, next }) => isChanged && placeOf(current) !== placeOf(next),
    enableBeforeUnload: isChanged,
    withResolver: true,
  });
  return (
    <Modal
      opened={status === "blocked"}
      onClose={() => reset?.()}
      title={t("leave.ask")}
      closeButtonProps={{ "aria-label": t("action.close") }}
      centered
    >
      <Text size="sm">{t("leave.lost")}</Text>
      <Group justify="flex-end" mt="lg">
        <Button variant="default" data-autofocus onClick={() => reset?.()}>
          {t("leave.stay")}
        </Button>
        <Button color="red" onClick={() => proceed?.()}>
          {t("leave.go")}
        </Button>
      </Group>
    </Modal>
  );
}

function placeOf({ pathname, search }: { pathname: string; search: object }): string {
  return `${pathname} ${"tab" in search ? String(search.tab) : ""}`;
}
