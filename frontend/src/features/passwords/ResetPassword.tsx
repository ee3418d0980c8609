import { Button, Stack, Text } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useState } from "react";

import { publicClient } from "@/api/client";
import { type ApiProblem, problemOf } from "@/api/problem";
import { useWords } from "@/i18n/words";
import { Door, Doorstep } from "@/ui/Doorstep";
import { PasswordField } from "@/ui/PasswordField";
import { isPassword, LEAST_CHARACTERS } from "@/ui/passwords";
import { Failed } from "@/ui/states";
import { useToken } from "@/ui/useToken";

/** Where the link of the mail leads. It works once, and signs out everywhere. */
export function ResetPassword() {
  const { t } = useWords();
  const token = useToken();
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [done, setDone] = useState(false);
  const form = useForm({
    mode: "uncontrolled",
    initialValues: { password: "" },
    validate: {
      password: (value) => (isPassword(value) ? null : t("form.password", { least: LEAST_CHARACTERS })),
    },
  });

  const set = async ({ password }: typeof form.values) => {
    setProblem(null);
    try {
      await publicClient.POST("/api/v1/auth/password/reset/confirm", { body: { token, password } });
      setDone(true);
    } catch (error) {
      const found = problemOf(error);
      form.setErrors({ password: found.field("password") });
      setProblem(found);
    }
  };

  if (done) {
    return (
      <Doorstep title={t("reset.done.title")} footer={<Door to="/sign-in">{t("signIn.title")}</Door>}>
        <Text role="status">{t("reset.done")}</Text>
      </Doorstep>
    );
  }
  return (
    <Doorstep
      title={t("reset.title")}
      lead={t("reset.lead")}
      footer={<Door to="/forgot-password">{t("reset.anew")}</Door>}
    >
      {problem === null ? null : <Failed error={problem} />}
      <form onSubmit={form.onSubmit(set)} noValidate>
        <Stack gap="md">
          <PasswordField
            label={t("reset.password")}
            description={t("form.password", { least: LEAST_CHARACTERS })}
            autoComplete="new-password"
            key={form.key("password")}
            {...form.getInputProps("password")}
          />
          <Button type="submit" loading={form.submitting} fullWidth>
            {t("reset.go")}
          </Button>
        </Stack>
      </form>
    </Doorstep>
  );
}
