import { Button, Group, Modal, Stack } from "@mantine/core";

import { useWords } from "@/i18n/words";
import { Secret } from "@/ui/Secret";

/** Recovery codes, this once. */
export function CodesDialog({ codes, onClose }: { codes: string[] | null; onClose: () => void }) {
  const { t } = useWords();
  return (
    <Modal
      opened={codes !== null}
      onClose={onClose}
      title={t("factor.codes")}
      closeButtonProps={{ "aria-label": t("action.close") }}
      closeOnClickOutside={false}
      centered
    >
      <Stack gap="md">
        <Secret label={t("factor.codes")} value={codes?.join("\n") ?? ""} />
        <Group justify="flex-end">
          <Button onClick={onClose}>{t("factor.codes.kept")}</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
