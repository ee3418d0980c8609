import { Alert, Anchor, Button, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";

import { publicClient } from "@/api/client";
import { type ApiProblem, problemOf } from "@/api/problem";
import { useWords } from "@/i18n/words";
import { session, type TokenDocument } from "@/session/session";
import { Door, Doorstep } from "@/ui/Doorstep";
import { Icon } from "@/ui/icons";
import { PasswordField } from "@/ui/PasswordField";
import { Failed } from "@/ui/states";

import { safePath } from "./next";

type Step = "password" | "code" | "recovery";

/** By password, then by a code where the user has a second factor; to where one was going. */
export function SignIn() {
  const { t } = useWords();
  const navigate = useNavigate();
  const { next } = useSearch({ from: "/sign-in" });
  const [step, setStep] = useState<Step>("password");
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [ended] = useState(session.status === "ended");
  const form = useForm({
    mode: "uncontrolled",
    initialValues: { email: "", password: "", code: "" },
    validate: {
      email: (value: string) => (value.trim() === "" ? t("form.needed") : null),
      password: (value) => (value === "" ? t("form.needed") : null),
      code: (value) =>
        step === "password" || /^[0-9A-Za-z -]{6,40}$/.test(value.trim()) ? null : t("signIn.code.form"),
    },
  });

  const begin = async ({ email, password, code }: typeof form.values) => {
    setProblem(null);
    try {
      const { data } = await publicClient.POST("/api/v1/auth/login", {
        body: { email: email.trim(), password, ...(step === "password" ? {} : { code: code.trim() }) },
      });
      session.begin(data as TokenDocument);
      await navigate({ href: safePath(next), replace: true });
    } catch (error) {
      const found = problemOf(error);
      if (found.code === "second_factor_needed") {
        setStep("code");
      } else {
        setProblem(found);
        form.setFieldValue(step === "password" ? "password" : "code", "");
      }
    }
  };

  const isCode = step !== "password";
  return (
    <Doorstep
      title={isCode ? t("signIn.code.title") : t("signIn.title")}
      lead={isCode ? t(step === "code" ? "signIn.code.lead" : "signIn.recovery.lead") : undefined}
      footer={
        isCode ? null : (
          <>
            <Door to="/forgot-password">{t("signIn.forgot")}</Door>
            <Door to="/sign-up">{t("signIn.register")}</Door>
          </>
        )
      }
    >
      {ended && !isCode && problem === null ? (
        <Alert color="gray" icon={<Icon name="leave" />}>
          {t("signIn.ended")}
        </Alert>
      ) : null}
      {problem === null ? null : <Failed error={problem} />}
      <form onSubmit={form.onSubmit(begin)} noValidate>
        <Stack gap="md">
          {isCode ? (
            <TextInput
              key={step}
              label={t(step === "code" ? "signIn.code" : "signIn.recovery")}
              autoComplete="one-time-code"
              inputMode={step === "code" ? "numeric" : "text"}
              size="md"
              data-autofocus
              autoFocus
              {...form.getInputProps("code")}
            />
          ) : (
            <>
              <TextInput
                label={t("field.email")}
                type="email"
                autoComplete="username"
                key={form.key("email")}
                {...form.getInputProps("email")}
              />
              <PasswordField
                label={t("field.password")}
                autoComplete="current-password"
                key={form.key("password")}
                {...form.getInputProps("password")}
              />
            </>
          )}
          <Button type="submit" loading={form.submitting} fullWidth>
            {t("signIn.go")}
          </Button>
          {isCode ? (
            <Anchor
              component="button"
              type="button"
              size="sm"
              onClick={() => {
                setProblem(null);
                form.setFieldValue("code", "");
                setStep(step === "code" ? "recovery" : "code");
              }}
            >
              {t(step === "code" ? "signIn.useRecovery" : "signIn.useCode")}
            </Anchor>
          ) : null}
        </Stack>
      </form>
    </Doorstep>
  );
}
