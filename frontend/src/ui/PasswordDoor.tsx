import { Button, type PasswordInputProps, Stack, Text } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { problemOf } from "@/api/problem";
import { useWords } from "@/i18n/words";

import { Door, Doorstep } from "./Doorstep";
import { PasswordField } from "./PasswordField";
import { useFieldErrors } from "./problems";
import { Failed } from "./states";
import { useToken } from "./useToken";

interface Props {
  title: string;
  lead: string;
  field: Pick<PasswordInputProps, "label" | "description" | "autoComplete">;
  validate: (password: string) => string | null;
  action: string;
  send: (body: { token: string; password: string }) => Promise<unknown>;
  /** A way to another mail. */
  anew: ReactNode;
  done: { title: string; text: string };
}

/** Where the link of a mail leads that asks for a password, and then to sign in. */
export function PasswordDoor({ title, lead, field, validate, action, send, anew, done }: Props) {
  const { t } = useWords();
  const token = useToken();
  const said = useFieldErrors();
  const form = useForm({
    mode: "uncontrolled",
    initialValues: { password: "" },
    validate: { password: validate },
  });
  const sending = useMutation({
    mutationFn: (password: string) => send({ token, password }),
    onError: (error) => form.setErrors(said(problemOf(error), "password")),
  });
  if (sending.isSuccess) {
    return (
      <Doorstep title={done.title} footer={<Door to="/sign-in">{t("signIn.title")}</Door>}>
        <Text role="status">{done.text}</Text>
      </Doorstep>
    );
  }
  return (
    <Doorstep title={title} lead={lead} footer={anew}>
      {sending.isError ? <Failed error={sending.error} /> : null}
      <form onSubmit={form.onSubmit(({ password }) => sending.mutate(password))} noValidate>
        <Stack gap="md">
          <PasswordField {...field} key={form.key("password")} {...form.getInputProps("password")} />
          <Button type="submit" loading={sending.isPending} fullWidth>
            {action}
          </Button>
        </Stack>
      </form>
    </Doorstep>
  );
}
