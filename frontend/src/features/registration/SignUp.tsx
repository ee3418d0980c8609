import { Button, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useState } from "react";

import { publicClient } from "@/api/client";
import { type ApiProblem, problemOf } from "@/api/problem";
import { useWords } from "@/i18n/words";
import { Door, Doorstep } from "@/ui/Doorstep";
import { PasswordField } from "@/ui/PasswordField";
import { isAddress, isPassword, LEAST_CHARACTERS } from "@/ui/passwords";
import { useFieldErrors } from "@/ui/problems";
import { Failed } from "@/ui/states";

/** The answer is the same for every address: the mail tells. */
export function SignUp() {
  const { t } = useWords();
  const said = useFieldErrors();
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [sentTo, setSentTo] = useState<string | null>(null);
  const form = useForm({
    mode: "uncontrolled",
    initialValues: { account_name: "", email: "", password: "" },
    validate: {
      account_name: (value) => (value.trim() === "" ? t("form.needed") : null),
      email: (value) => (isAddress(value.trim()) ? null : t("form.email")),
      password: (value) => (isPassword(value) ? null : t("form.password", { least: LEAST_CHARACTERS })),
    },
  });

  const register = async (values: typeof form.values) => {
    setProblem(null);
    const email = values.email.trim();
    try {
      await publicClient.POST("/api/v1/auth/register", {
        body: {
          ...values,
          email,
          account_name: values.account_name.trim(),
          time_zone: new Intl.DateTimeFormat().resolvedOptions().timeZone,
        },
      });
      setSentTo(email);
    } catch (error) {
      const found = problemOf(error);
      form.setErrors(said(found, "account_name", "email", "password"));
      setProblem(found);
    }
  };

  if (sentTo !== null) {
    return <LookIntoYourMail email={sentTo} />;
  }
  return (
    <Doorstep
      title={t("signUp.title")}
      lead={t("signUp.lead")}
      footer={<Door to="/sign-in">{t("signUp.known")}</Door>}
    >
      {problem === null ? null : <Failed error={problem} />}
      <form onSubmit={form.onSubmit(register)} noValidate>
        <Stack gap="md">
          <TextInput
            label={t("signUp.account")}
            description={t("signUp.account.hint")}
            autoComplete="organization"
            maxLength={200}
            key={form.key("account_name")}
            {...form.getInputProps("account_name")}
          />
          <TextInput
            label={t("field.email")}
            type="email"
            autoComplete="username"
            key={form.key("email")}
            {...form.getInputProps("email")}
          />
          <PasswordField
            label={t("field.password")}
            description={t("form.password", { least: LEAST_CHARACTERS })}
            autoComplete="new-password"
            key={form.key("password")}
            {...form.getInputProps("password")}
          />
          <Button type="submit" loading={form.submitting} fullWidth>
            {t("signUp.go")}
          </Button>
        </Stack>
      </form>
    </Doorstep>
  );
}

function LookIntoYourMail({ email }: { email: string }) {
  const { t } = useWords();
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [state, setState] = useState<"sent" | "sending" | "again">("sent");

  const sendAgain = async () => {
    setProblem(null);
    setState("sending");
    try {
      await publicClient.POST("/api/v1/auth/verify-email/resend", { body: { email } });
      setState("again");
    } catch (error) {
      setProblem(problemOf(error));
      setState("sent");
    }
  };

  return (
    <Doorstep title={t("signUp.mail.title")} footer={<Door to="/sign-in">{t("signIn.title")}</Door>}>
      <Text>{t("signUp.mail", { email })}</Text>
      <Text c="dimmed" size="sm">
        {t("signUp.mail.lost")}
      </Text>
      {problem === null ? null : <Failed error={problem} />}
      <Button variant="default" onClick={sendAgain} loading={state === "sending"}>
        {t("signUp.mail.again")}
      </Button>
      <Text size="sm" role="status">
        {state === "again" ? t("signUp.mail.sent") : ""}
      </Text>
    </Doorstep>
  );
}
