import { Button, Group, Stack, Text } from "@mantine/core";
import { useForm } from "@mantine/form";

import { api } from "@/api/client";
import { useWords } from "@/i18n/words";
import { PasswordField } from "@/ui/PasswordField";
import { isPassword, LEAST_CHARACTERS } from "@/ui/passwords";
import { Section } from "@/ui/Section";
import { Failed } from "@/ui/states";

/** Another password, for whoever knows the one before. */
export function ChangePassword() {
  const { t } = useWords();
  const form = useForm({
    initialValues: { current: "", next: "" },
    validate: {
      current: (value) => (value === "" ? t("form.needed") : null),
      next: (value) => (isPassword(value) ? null : t("form.password", { least: LEAST_CHARACTERS })),
    },
  });
  const change = api.useMutation("post", "/api/v1/auth/password", { onSuccess: () => form.reset() });
  return (
    <Section title={t("password.title")} lead={t("password.lead")}>
      <form
        onSubmit={form.onSubmit(({ current, next }) =>
          change.mutate({ body: { current_password: current, new_password: next } }),
        )}
        noValidate
      >
        <Stack gap="md" maw={420}>
          {change.isError ? <Failed error={change.error} /> : null}
          {change.isSuccess ? (
            <Text size="sm" role="status">
              {t("password.done")}
            </Text>
          ) : null}
          <PasswordField
            label={t("password.current")}
            autoComplete="current-password"
            {...form.getInputProps("current")}
          />
          <PasswordField
            label={t("reset.password")}
            description={t("form.password", { least: LEAST_CHARACTERS })}
            autoComplete="new-password"
            {...form.getInputProps("next")}
          />
          <Group>
            <Button type="submit" loading={change.isPending}>
              {t("password.go")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Section>
  );
}
