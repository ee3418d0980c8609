import { Button, Checkbox, Group, SimpleGrid, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";

import { useWords } from "@/i18n/words";
import { useTyped } from "@/ui/editing";
import { Failed } from "@/ui/states";

import { type Kind, KINDS, useKindWords } from "./kinds";

const FORM = /^https:\/\/[^\s/]+/;

export interface Given {
  url: string;
  description: string;
  kinds: Kind[];
}

export const NOTHING: Given = { url: "", description: "", kinds: [] };

interface Props {
  /** As it is before; what is typed stays where that is another. */
  given: Given;
  action: string;
  busy: boolean;
  error: unknown;
  onGiven: (given: Given) => void;
}

export function WebhookForm({ given, action, busy, error, onGiven }: Props) {
  const { t } = useWords();
  const kindWords = useKindWords();
  const form = useForm<Given>({
    initialValues: given,
    validate: {
      url: (value) =>
        value.trim() === "" ? t("form.needed") : FORM.test(value.trim()) ? null : t("hooks.url.form"),
      kinds: (value) => (value.length === 0 ? t("hooks.kinds.needed") : null),
    },
  });
  useTyped(form, given);
  return (
    <form
      onSubmit={form.onSubmit(({ url, description, kinds }) =>
        onGiven({ url: url.trim(), description: description.trim(), kinds }),
      )}
      noValidate
    >
      <Stack gap="md">
        {error ? <Failed error={error} /> : null}
        <TextInput
          label={t("hooks.url")}
          description={t("hooks.url.hint")}
          type="url"
          placeholder="https://erp.example.com/hook"
          autoFocus
          data-autofocus
          {...form.getInputProps("url")}
        />
        <TextInput label={t("hooks.description")} maxLength={200} {...form.getInputProps("description")} />
        <Checkbox.Group label={t("hooks.kinds")} errorProps={{ mt: "sm" }} {...form.getInputProps("kinds")}>
          <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="xs" verticalSpacing={8} mt="xs">
            {KINDS.map((kind) => (
              <Checkbox key={kind} value={kind} label={kindWords(kind)} description={kind} />
            ))}
          </SimpleGrid>
        </Checkbox.Group>
        <Group justify="flex-end">
          <Button type="submit" loading={busy}>
            {action}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
