import { Button, Group, Modal, Stack } from "@mantine/core";
import type { ReactNode } from "react";

import { useWords } from "@/i18n/words";

interface Props {
  opened: boolean;
  title: string;
  /** What will happen, in figures. */
  children: ReactNode;
  /** What the button says that does it. */
  action: string;
  danger?: boolean;
  busy?: boolean;
  onConfirm: () => void;
  onClose: () => void;
  /** It is gone, and what opened it has the focus again where it can. */
  onClosed?: () => void;
}

/** Asks once more, with figures, before much is changed. What is dangerous is not what Enter does. */
export function Confirm({ opened, title, children, action, danger = false, busy = false, onConfirm, ...on }: Props) {
  const { t } = useWords();
  return (
    <Modal
      opened={opened}
      onClose={on.onClose}
      onExitTransitionEnd={on.onClosed}
      title={title}
      centered
      closeButtonProps={{ "aria-label": t("action.close") }}
    >
      <Stack gap="md">
        {children}
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={on.onClose} data-autofocus={danger || undefined}>
            {t("action.cancel")}
          </Button>
          <Button {...(danger ? { color: "red" } : {})} loading={busy} onClick={onConfirm} data-autofocus={!danger || undefined}>
            {action}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
