import { Button, Group, List, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";

import { useWords } from "@/i18n/words";

import { useAction } from "./useAction";
import type { Connection } from "./rows";

interface Props {
  connection: Connection;
  opened: boolean;
  onClose: () => void;
  /** It is gone. */
  onClosed: () => void;
}

/** What it means to disconnect a shop; done once its name was typed. */
export function Disconnect({ connection, opened, onClose, onClosed }: Props) {
  const { t } = useWords();
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      onExitTransitionEnd={onClosed}
      title={t("disconnect.title", { shop: connection.name })}
      closeButtonProps={{ "aria-label": t("action.close") }}
    >
      <Sure connection={connection} onClose={onClose} />
    </Modal>
  );
}

function Sure({ connection, onClose }: Omit<Props, "opened" | "onClosed">) {
  const { t } = useWords();
  const [typed, setTyped] = useState("");
  const action = useAction(connection.id);
  const isSure = typed.trim() === connection.name.trim();
  const go = () => {
    if (isSure) {
      action.mutate("disconnect", { onSuccess: onClose });
    }
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        go();
      }}
    >
      <Stack gap="md">
        <List size="sm" spacing={6}>
          <List.Item>{t("disconnect.writes")}</List.Item>
          <List.Item>{t("disconnect.orders")}</List.Item>
          <List.Item>{t("disconnect.credentials")}</List.Item>
          <List.Item>{t("disconnect.stays")}</List.Item>
        </List>
        <Text size="sm" c="dimmed">
          {t("disconnect.pause")}
        </Text>
        <TextInput
          label={t("disconnect.type", { shop: connection.name })}
          value={typed}
          autoComplete="off"
          data-autofocus
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t("action.cancel")}
          </Button>
          <Button type="submit" color="red" disabled={!isSure} loading={action.isPending}>
            {t("connection.do.disconnect")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
