import { Button, Group, Modal, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useEffect, useEffectEvent } from "react";

import { useWords } from "@/i18n/words";

interface Props {
  opened: boolean;
  title: string;
  action: string;
  /** What it is called before. */
  name: string;
  /** In characters. */
  longest: number;
  busy: boolean;
  onName: (name: string) => void;
  onClose: () => void;
}

/** Asks what something is to be called. */
export function NameDialog({ opened, title, action, name, longest, busy, onName, onClose }: Props) {
  const { t } = useWords();
  const form = useForm({
    initialValues: { name },
    validate: { name: (value) => (value.trim() === "" ? t("form.needed") : null) },
  });
  const { setValues } = form;
  // What was typed stays where it is called otherwise meanwhile.
  const begin = useEffectEvent(() => setValues({ name }));
  useEffect(() => {
    if (opened) {
      begin();
    }
  }, [opened]);
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={title}
      closeButtonProps={{ "aria-label": t("action.close") }}
      centered
    >
      <form onSubmit={form.onSubmit((given) => onName(given.name.trim()))} noValidate>
        <TextInput
          label={t("form.name")}
          maxLength={longest}
          data-autofocus
          {...form.getInputProps("name")}
        />
        <Group justify="flex-end" mt="lg">
          <Button variant="default" onClick={onClose}>
            {t("action.cancel")}
          </Button>
          <Button type="submit" loading={busy}>
            {action}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
