import { Button, Code, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { lazy, Suspense, useState } from "react";

import { api } from "@/api/client";
import { useWords } from "@/i18n/words";
import { PasswordField } from "@/ui/PasswordField";
import { Failed, Loading } from "@/ui/states";

const QrCode = lazy(() => import("./QrCode"));

interface Props {
  opened: boolean;
  onClose: () => void;
  /** With the recovery codes. */
  onDone: (codes: string[]) => void;
}

/** The password, then the secret as a picture, then a code that shows that the app has it. */
export function EnrolDialog({ opened, onClose, onDone }: Props) {
  const { t } = useWords();
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t("factor.enrol")}
      closeButtonProps={{ "aria-label": t("action.close") }}
      closeOnClickOutside={false}
      centered
    >
      <Steps onDone={onDone} />
    </Modal>
  );
}

function Steps({ onDone }: Pick<Props, "onDone">) {
  const { t } = useWords();
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const enrol = api.useMutation("post", "/api/v1/auth/second-factor");
  const confirm = api.useMutation("post", "/api/v1/auth/second-factor/confirm", {
    onSuccess: (found) => onDone(found?.recovery_codes ?? []),
    onError: () => setCode(""),
  });
  if (enrol.data === undefined) {
    return (
      <form
        onSubmit={(event) => {
          event.preventDefault();
          enrol.mutate({ body: { password } });
        }}
      >
        <Stack gap="md">
          {enrol.isError ? <Failed error={enrol.error} /> : null}
          <PasswordField
            label={t("field.password")}
            description={t("factor.password")}
            autoComplete="current-password"
            data-autofocus
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          <Group justify="flex-end">
            <Button type="submit" loading={enrol.isPending} disabled={password === ""}>
              {t("factor.goOn")}
            </Button>
          </Group>
        </Stack>
      </form>
    );
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        confirm.mutate({ body: { code: code.trim() } });
      }}
    >
      <Stack gap="md">
        {confirm.isError ? <Failed error={confirm.error} /> : null}
        <Text size="sm">{t("factor.scan")}</Text>
        <Suspense fallback={<Loading />}>
          <QrCode text={enrol.data.uri} label={t("factor.qr")} />
        </Suspense>
        <Text size="sm">
          {t("factor.type")} <Code>{enrol.data.secret}</Code>
        </Text>
        <TextInput
          label={t("signIn.code")}
          description={t("factor.code")}
          autoComplete="one-time-code"
          inputMode="numeric"
          value={code}
          onChange={(event) => setCode(event.currentTarget.value)}
        />
        <Group justify="flex-end">
          <Button type="submit" loading={confirm.isPending} disabled={code.trim().length < 6}>
            {t("factor.confirm")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
