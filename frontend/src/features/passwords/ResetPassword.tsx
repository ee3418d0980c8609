import { publicClient } from "@/api/client";
import { useWords } from "@/i18n/words";
import { Door } from "@/ui/Doorstep";
import { PasswordDoor } from "@/ui/PasswordDoor";
import { isPassword, LEAST_CHARACTERS } from "@/ui/passwords";

/** Where the link of the mail leads. It works once, and signs out everywhere. */
export function ResetPassword() {
  const { t } = useWords();
  const rule = t("form.password", { least: LEAST_CHARACTERS });
  return (
    <PasswordDoor
      title={t("reset.title")}
      lead={t("reset.lead")}
      field={{ label: t("reset.password"), description: rule, autoComplete: "new-password" }}
      validate={(password) => (isPassword(password) ? null : rule)}
      action={t("reset.go")}
      send={(body) => publicClient.POST("/api/v1/auth/password/reset/confirm", { body })}
      anew={<Door to="/forgot-password">{t("reset.anew")}</Door>}
      done={{ title: t("reset.done.title"), text: t("reset.done") }}
    />
  );
}
