import { useNavigate, useRouter, useSearch } from "@tanstack/react-router";
import { useState } from "react";

import { useWords } from "@/i18n/words";
import { session } from "@/session/session";
import { Door, Doorstep } from "@/ui/Doorstep";

import { safePath } from "./next";
import { SignInForm } from "./SignInForm";

/** To where one was going. */
export function SignIn() {
  const { t } = useWords();
  const navigate = useNavigate();
  const { next } = useSearch({ from: "/sign-in" });
  const [ended] = useState(session.status === "ended");
  const { queries, lists } = useRouter().options.context;
  return (
    <SignInForm
      notice={ended ? t("signIn.ended") : null}
      onSignedIn={() => {
        // Who was signed in here until now, if anybody, may have been somebody else.
        queries.clear();
        lists.clear();
        return navigate({ href: safePath(next), replace: true });
      }}
    >
      {({ title, lead, isCode, form }) => (
        <Doorstep
          title={title}
          lead={lead}
          footer={
            isCode ? null : (
              <>
                <Door to="/forgot-password">{t("signIn.forgot")}</Door>
                <Door to="/sign-up">{t("signIn.register")}</Door>
              </>
            )
          }
        >
          {form}
        </Doorstep>
      )}
    </SignInForm>
  );
}
