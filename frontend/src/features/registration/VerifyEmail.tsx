import { Button, Stack, Text } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useState } from "react";

import { publicClient } from "@/api/client";
import { type ApiProblem, problemOf } from "@/api/problem";
import { useWords } from "@/i18n/words";
import { Door, Doorstep } from "@/ui/Doorstep";
import { PasswordField } from "@/ui/PasswordField";
import { Failed } from "@/ui/states";
import { useToken } from "@/ui/useToken";

/** Where the link of a registration's mail leads: the password once more, and the account is made. */
export function VerifyEmail() {
  const { t } = useWords();
  const token = useToken();
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [done, setDone] = useState(false);
  const form = useForm({
    mode: "uncontrolled",
    initialValues: { password: "" },
    validate: { password: (value) => (value === "" ? t("form.needed") : null) },
  });

  const confirm = async ({ password }: typeof form.values) => {
    setProblem(null);
    try {
      await publicClient.POST("/api/v1/auth/verify-email", { body: { token, password } });
      setDone(true);
    } catch (error) {
      setProblem(problemOf(error));
    }
  };

  if (done) {
    return (
      <Doorstep title={t("verify.done.title")} footer={<Door to="/sign-in">{t("signIn.title")}</Door>}>
        <Text role="status">{t("verify.done")}</Text>
      </Doorstep>
    );
  }
  return (
    <Doorstep
      title={t("verify.title")}
      lead={t("verify.lead")}
      footer={<Door to="/sign-up">{t("verify.anew")}</Door>}
    >
      {problem === null ? null : <Failed error={problem} />}
      <form onSubmit={form.onSubmit(confirm)} noValidate>
        <Stack gap="md">
          <PasswordField
            label={t("field.password")}
            autoComplete="current-password"
            key={form.key("password")}
            {...form.getInputProps("password")}
          />
          <Button type="submit" loading={form.submitting} fullWidth>
            {t("verify.go")}
          </Button>
        </Stack>
      </form>
    </Doorstep>
  );
}
