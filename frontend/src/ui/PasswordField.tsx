import { PasswordInput, type PasswordInputProps } from "@mantine/core";

import { useWords } from "@/i18n/words";

/** A password, which can be shown. Mantine's own does not tell readers of the screen that it is not right. */
export function PasswordField(props: PasswordInputProps) {
  const { t } = useWords();
  return (
    <PasswordInput
      visibilityToggleButtonProps={{ "aria-label": t("field.password.show") }}
      aria-invalid={props.error ? true : undefined}
      {...props}
    />
  );
}
