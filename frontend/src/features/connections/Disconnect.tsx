import { List, Text } from "@mantine/core";

import { useWords } from "@/i18n/words";
import { SureDialog } from "@/ui/SureDialog";

import type { Connection } from "./rows";
import { useAction } from "./useAction";

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
  const action = useAction(connection.id);
  return (
    <SureDialog
      opened={opened}
      title={t("disconnect.title", { shop: connection.name })}
      action={t("connection.do.disconnect")}
      busy={action.isPending}
      typed={connection.name.trim()}
      onYes={() => action.mutate("disconnect", { onSuccess: onClose })}
      onClose={onClose}
      onClosed={onClosed}
    >
      <List size="sm" spacing={6} mb="md">
        <List.Item>{t("disconnect.writes")}</List.Item>
        <List.Item>{t("disconnect.orders")}</List.Item>
        <List.Item>{t("disconnect.credentials")}</List.Item>
        <List.Item>{t("disconnect.stays")}</List.Item>
      </List>
      <Text size="sm" c="dimmed">
        {t("disconnect.pause")}
      </Text>
    </SureDialog>
  );
}
