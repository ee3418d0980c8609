/** What each part of the settings is put together from. */

import { Stack } from "@mantine/core";
import type { ReactNode } from "react";

import type { Schemas } from "@/api/client";
import { useSignOut } from "@/app/switching";
import { AccountSettings } from "@/features/account/AccountSettings";
import { Reporting } from "@/features/dashboard/Reporting";
import { Invitations } from "@/features/invitations/Invitations";
import { Deletion } from "@/features/leaving/Deletion";
import { Exports } from "@/features/leaving/Exports";
import { OurLocations } from "@/features/locations/OurLocations";
import { Members } from "@/features/members/Members";
import { ChangePassword } from "@/features/passwords/ChangePassword";
import { SecondFactor } from "@/features/second_factor/SecondFactor";
import { Sessions } from "@/features/sessions/Sessions";
import { useWords } from "@/i18n/words";
import { useMe } from "@/ui/me";
import { For, isAtLeast } from "@/ui/role";
import { Section } from "@/ui/Section";
import { Loading } from "@/ui/states";

export function Account() {
  return (
    <ForMe>
      {({ role }) => (
        <Stack gap="lg">
          <AccountSettings role={role} />
          <Reporting role={role} />
          {isAtLeast(role, "admin") ? <OurLocations /> : null}
        </Stack>
      )}
    </ForMe>
  );
}

export function Team() {
  const leave = useSignOut();
  return (
    <ForMe>
      {(me) => (
        <Stack gap="lg">
          <Members me={me} onLeft={() => void leave()} />
          {isAtLeast(me.role, "admin") ? <Invitations role={me.role} /> : null}
        </Stack>
      )}
    </ForMe>
  );
}

export function Security() {
  const leave = useSignOut();
  return (
    <Stack gap="lg">
      <SecondFactor />
      <ChangePassword />
      <Sessions signOut={leave} />
    </Stack>
  );
}

export function Data() {
  return (
    <For least="owner">
      <Stack gap="lg">
        <Exports />
        <Deletion />
      </Stack>
    </For>
  );
}

/** Places for what is to come: said plainly, with nothing to click. */
export function More() {
  const { t } = useWords();
  return (
    <Stack gap="lg">
      <Section title={t("more.sheets")} lead={t("more.sheets.lead")} />
      <Section title={t("more.billing")} lead={t("more.billing.lead")} />
    </Stack>
  );
}

/** Who one is, once that is known. */
function ForMe({ children }: { children: (me: Schemas["Me"]) => ReactNode }) {
  const me = useMe();
  return me === undefined ? <Loading rows={3} /> : children(me);
}
