import { Box, NavLink, Select } from "@mantine/core";
import { Outlet, useNavigate, useRouterState } from "@tanstack/react-router";

import { useWords } from "@/i18n/words";
import { PlaceLink } from "@/ui/links";
import { useMe } from "@/ui/me";
import { Page } from "@/ui/Page";
import { isAtLeast } from "@/ui/role";

import classes from "./Frame.module.css";
import { PARTS } from "./parts";

/** The parts of the settings that one's role may see, and the one that is open. */
export function Frame() {
  const { t } = useWords();
  const me = useMe();
  const navigate = useNavigate();
  const path = useRouterState({ select: (state) => state.location.pathname });
  const parts = PARTS.filter(({ least }) => me !== undefined && isAtLeast(me.role, least));
  const here = PARTS.find(({ to }) => path === to || path.startsWith(`${to}/`));
  return (
    <Page title={t("settings.title")}>
      <Box className={classes["frame"]}>
        <Box component="nav" aria-label={t("settings.parts")} visibleFrom="sm">
          {parts.map(({ to, name }) => (
            <PlaceLink
              key={to}
              to={to}
              label={t(name)}
              active={to === here?.to}
              aria-current={to === here?.to ? "page" : undefined}
              className={classes["part"] ?? ""}
            />
          ))}
          {me === undefined ? <NavLink label=" " disabled /> : null}
        </Box>
        <Select
          hiddenFrom="sm"
          label={t("settings.parts")}
          data={parts.map(({ to, name }) => ({ value: to, label: t(name) }))}
          value={here?.to ?? null}
          onChange={(to) => void navigate({ to: (to ?? "/settings/account") as (typeof PARTS)[number]["to"] })}
          allowDeselect={false}
        />
        <div>
          <Outlet />
        </div>
      </Box>
    </Page>
  );
}
