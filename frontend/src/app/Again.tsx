import { Anchor, Modal, Stack, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useRouterState } from "@tanstack/react-router";
import { useState } from "react";

import { SignInForm } from "@/features/auth/SignInForm";
import { useWords } from "@/i18n/words";
import { session } from "@/session/session";
import { useMe } from "@/ui/me";
import { useFocusReturned } from "@/ui/useFocusReturned";

/** Over a page whose session is over: the same user goes on with what is typed there. Nothing of the page is seen until
 *  then, and whoever else signs in begins with nothing of it, since all of it is left. */
export default function Again() {
  const { t } = useWords();
  const queries = useQueryClient();
  const me = useMe();
  const [as] = useState({ email: me?.email ?? "", accountId: session.accountId });
  const place = useRouterState({ select: (state) => state.location.href });
  useFocusReturned();
  return (
    <SignInForm as={as} notice={t("again.ended")} onSignedIn={() => queries.invalidateQueries()}>
      {({ title, lead, form }) => (
        <Modal
          opened
          onClose={() => undefined}
          title={title}
          withCloseButton={false}
          closeOnEscape={false}
          closeOnClickOutside={false}
          overlayProps={{ color: "var(--app-ground)", backgroundOpacity: 1 }}
          zIndex="var(--mantine-z-index-max)"
          centered
          // Dialogs beneath hear Escape too, unless what has the focus says that it is not for them.
          onFocusCapture={(event) => event.target.setAttribute("data-mantine-stop-propagation", "true")}
        >
          <Stack gap="md">
            {lead === undefined ? null : (
              <Text c="dimmed" size="sm">
                {lead}
              </Text>
            )}
            {form}
            <Anchor size="sm" href={`/sign-in?next=${encodeURIComponent(place)}`}>
              {t("again.other")}
            </Anchor>
          </Stack>
        </Modal>
      )}
    </SignInForm>
  );
}
