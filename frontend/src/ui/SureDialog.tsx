import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { type ReactNode, useState } from "react";

import { useWords } from "@/i18n/words";

import { PasswordField } from "./PasswordField";
import { Failed } from "./states";

interface Props {
  opened: boolean;
  title: string;
  action: string;
  busy: boolean;
  /** `password`: what was entered, where one is asked for. */
  onYes: (password: string) => void;
  onClose: () => void;
  /** It is gone. */
  onClosed?: () => void;
  /** What it means. */
  children: ReactNode;
  /** To be typed before it can be done, for what cannot be taken back. */
  typed?: string;
  asksPassword?: boolean;
  /** Why it did not work. */
  error?: unknown;
}

/** Asks before something is done that is not easily taken back, and for what shows that it is meant: a word that
 *  is typed, or the password. `Confirm` asks for neither. */
export function SureDialog({ opened, onClose, onClosed, title, ...content }: Props) {
  const { t } = useWords();
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      onExitTransitionEnd={onClosed}
      title={title}
      closeButtonProps={{ "aria-label": t("action.close") }}
      centered
    >
      <Content onClose={onClose} {...content} />
    </Modal>
  );
}

/** Begins anew each time that the dialog opens. */
function Content({
  action,
  busy,
  onYes,
  onClose,
  children,
  typed,
  asksPassword = false,
  error,
}: Omit<Props, "opened" | "onClosed" | "title">) {
  const { t } = useWords();
  const [word, setWord] = useState("");
  const [password, setPassword] = useState("");
  const isReady = (typed === undefined || word.trim() === typed) && (!asksPassword || password !== "");
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (isReady) {
          onYes(password);
        }
      }}
    >
      <Stack gap="md">
        {error ? <Failed error={error} /> : null}
        <Text size="sm" component="div">
          {children}
        </Text>
        {typed === undefined ? null : (
          <TextInput
            label={t("sure.type", { word: typed })}
            autoComplete="off"
            data-autofocus
            value={word}
            onChange={(event) => setWord(event.currentTarget.value)}
          />
        )}
        {asksPassword ? (
          <PasswordField
            label={t("field.password")}
            autoComplete="current-password"
            data-autofocus
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
        ) : null}
        <Group justify="flex-end">
          <Button variant="default" data-autofocus onClick={onClose}>
            {t("action.cancel")}
          </Button>
          <Button type="submit" color="red" loading={busy} disabled={!isReady}>
            {action}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
