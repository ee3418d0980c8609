import { Button, Menu, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";

import { useDismiss, useFirstSteps } from "@/features/first_steps/useFirstSteps";
import { useWords } from "@/i18n/words";
import { Icon } from "@/ui/icons";
import { useMe } from "@/ui/me";
import { useTellProblem } from "@/ui/notify";
import { LanguageItems, SchemeItems } from "@/ui/Preferences";

import { useSignOut, useSwitchTo } from "./switching";
import { useTourStart } from "./tour";

/** Who one is; other accounts, language, light and dark, and the way out. */
export function AccountMenu() {
  const { t } = useWords();
  const me = useMe();
  const switchTo = useSwitchTo();
  const signOut = useMutation({ mutationFn: useSignOut(), onError: useTellProblem() });
  const beginTour = useTourStart();
  const others = me?.accounts.filter((account) => account.account_id !== me.account_id) ?? [];
  return (
    <Menu position="bottom-end" width={270} keepMounted={false}>
      <Menu.Target>
        <Button
          variant="subtle"
          color="gray"
          size="sm"
          px="xs"
          leftSection={<Icon name="user" />}
          aria-label={me === undefined ? t("shell.account") : t("shell.accountOf", { account: me.account_name })}
          loading={signOut.isPending}
        >
          <Text span size="sm" maw={180} truncate visibleFrom="sm">
            {me?.account_name}
          </Text>
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {me === undefined ? null : (
          <Menu.Label>
            {me.email} · {t(`role.${me.role}`)}
          </Menu.Label>
        )}
        {others.length === 0 ? null : (
          <>
            <Menu.Label>{t("shell.switch")}</Menu.Label>
            {others.map((account) => (
              <Menu.Item
                key={account.account_id}
                leftSection={<Icon name="swap" />}
                onClick={() => switchTo(account.account_id)}
              >
                {account.account_name}
              </Menu.Item>
            ))}
          </>
        )}
        <Menu.Divider />
        {me === undefined || me.is_sample ? null : <FirstStepsItem />}
        <Menu.Item leftSection={<Icon name="play" />} onClick={beginTour}>
          {t("tour.begin")}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Label>{t("shell.language")}</Menu.Label>
        <LanguageItems />
        <Menu.Label>{t("shell.scheme")}</Menu.Label>
        <SchemeItems />
        <Menu.Divider />
        <Menu.Item leftSection={<Icon name="leave" />} onClick={() => signOut.mutate()}>
          {t("shell.signOut")}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

/** For whoever has hidden them before all was done. */
function FirstStepsItem() {
  const { t } = useWords();
  const navigate = useNavigate();
  const { data } = useFirstSteps(true);
  const dismiss = useDismiss();
  const show = () => {
    dismiss.mutate({ body: { hidden: false } });
    void navigate({ to: "/overview" });
  };
  return data === undefined || data.done || !data.hidden ? null : (
    <Menu.Item leftSection={<Icon name="check" />} onClick={show}>
      {t("firstSteps.title")}
    </Menu.Item>
  );
}
