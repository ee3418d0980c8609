import { Button, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useState } from "react";

import { publicClient } from "@/api/client";
import { type ApiProblem, problemOf } from "@/api/problem";
import { useWords } from "@/i18n/words";
import { Door, Doorstep } from "@/ui/Doorstep";
import { isAddress } from "@/ui/passwords";
import { Failed } from "@/ui/states";

/** The answer is the same for every address. */
export function ForgotPassword() {
  const { t } = useWords();
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [sentTo, setSentTo] = useState<string | null>(null);
  const form = useForm({
    mode: "uncontrolled",
    initialValues: { email: "" },
    validate: { email: (value) => (isAddress(value.trim()) ? null : t("form.email")) },
  });

  const ask = async (values: typeof form.values) => {
    setProblem(null);
    const email = values.email.trim();
    try {
      await publicClient.POST("/api/v1/auth/password/reset", { body: { email } });
      setSentTo(email);
    } catch (error) {
      setProblem(problemOf(error));
    }
  };

  const footer = <Door to="/sign-in">{t("forgot.back")}</Door>;
  if (sentTo !== null) {
    return (
      <Doorstep title={t("forgot.sent.title")} footer={footer}>
        <Text role="status">{t("forgot.sent", { email: sentTo })}</Text>
      </Doorstep>
    );
  }
  return (
    <Doorstep title={t("forgot.title")} lead={t("forgot.lead")} footer={footer}>
      {problem === null ? null : <Failed error={problem} />}
      <form onSubmit={form.onSubmit(ask)} noValidate>
        <Stack gap="md">
          <TextInput
            label={t("field.email")}
            type="email"
            autoComplete="username"
            key={form.key("email")}
            {...form.getInputProps("email")}
          />
          <Button type="submit" loading={form.submitting} fullWidth>
            {t("forgot.go")}
          </Button>
        </Stack>
      </form>
    </Doorstep>
  );
}
