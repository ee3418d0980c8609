import { publicClient } from "@/api/client";
import { useWords } from "@/i18n/words";
import { Door } from "@/ui/Doorstep";
import { PasswordDoor } from "@/ui/PasswordDoor";

/** Where the link of a registration's mail leads: the password once more, and the account is made. */
export function VerifyEmail() {
  const { t } = useWords();
  return (
    <PasswordDoor
      title={t("verify.title")}
      lead={t("verify.lead")}
      field={{ label: t("field.password"), autoComplete: "current-password" }}
      validate={(password) => (password === "" ? t("form.needed") : null)}
      action={t("verify.go")}
      send={(body) => publicClient.POST("/api/v1/auth/verify-email", { body })}
      anew={<Door to="/sign-up">{t("verify.anew")}</Door>}
      done={{ title: t("verify.done.title"), text: t("verify.done") }}
    />
  );
}
