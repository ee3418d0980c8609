import { Alert, Anchor, Button, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { type ReactNode, useState } from "react";

import { publicClient } from "@/api/client";
import { type ApiProblem, problemOf } from "@/api/problem";
import { useWords } from "@/i18n/words";
import { session, type TokenDocument } from "@/session/session";
import { Icon } from "@/ui/icons";
import { PasswordField } from "@/ui/PasswordField";
import { Failed } from "@/ui/states";

type Step = "password" | "code" | "recovery";

interface Props {
  /** Whose password is asked for, where that is settled, and which account is gone on with. */
  as?: { email: string; accountId: number | null };
  /** What is said before anything else, if there is something. */
  notice: string | null;
  onSignedIn: () => Promise<unknown>;
  /** Around the form, which asks for a code where the user has a second factor. */
  children: (parts: { title: string; lead: string | undefined; isCode: boolean; form: ReactNode }) => ReactNode;
}

/** Begins a session by password, then by a code where the user has a second factor. */
export function SignInForm({ as, notice, onSignedIn, children }: Props) {
  const { t } = useWords();
  const [step, setStep] = useState<Step>("password");
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const form = useForm({
    mode: "uncontrolled",
    initialValues: { email: as?.email ?? "", password: "", code: "" },
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
        body: {
          ...{ email: email.trim(), password },
          ...(as === undefined ? {} : { account_id: as.accountId }),
          ...(step === "password" ? {} : { code: code.trim() }),
        },
      });
      session.begin(data as TokenDocument);
      await onSignedIn();
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
  const lead = isCode ? t(step === "code" ? "signIn.code.lead" : "signIn.recovery.lead") : undefined;
  const parts = (
    <>
      {notice !== null && !isCode && problem === null ? (
        <Alert color="gray" icon={<Icon name="leave" />}>
          {notice}
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
                readOnly={as !== undefined}
                key={form.key("email")}
                {...form.getInputProps("email")}
              />
              <PasswordField
                label={t("field.password")}
                autoComplete="current-password"
                data-autofocus
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
    </>
  );
  return children({ title: isCode ? t("signIn.code.title") : t("signIn.title"), lead, isCode, form: parts });
}
