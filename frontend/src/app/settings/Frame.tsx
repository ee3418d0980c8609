import { Box, NavLink, Select } from "@mantine/core";
import { Outlet, useNavigate, useRouterState } from "@tanstack/react-router";

import type { Key } from "@/i18n/catalog";
import { useWords } from "@/i18n/words";
import { PlaceLink } from "@/ui/links";
import { useMe } from "@/ui/me";
import { Page } from "@/ui/Page";
import { isAtLeast, type Role } from "@/ui/role";

import classes from "./Frame.module.css";

interface Part {
  to: `/settings/${"account" | "team" | "api-keys" | "webhooks" | "notifications" | "security" | "data" | "audit-log" | "more"}`;
  name: Key;
  least: Role;
}

const PARTS: readonly Part[] = [
  { to: "/settings/account", name: "settings.account", least: "viewer" },
  { to: "/settings/team", name: "settings.team", least: "viewer" },
  { to: "/settings/notifications", name: "settings.notifications", least: "viewer" },
  { to: "/settings/security", name: "settings.security", least: "viewer" },
  { to: "/settings/api-keys", name: "keys.title", least: "admin" },
  { to: "/settings/webhooks", name: "hooks.title", least: "admin" },
  { to: "/settings/audit-log", name: "audit.title", least: "admin" },
  { to: "/settings/data", name: "settings.data", least: "owner" },
  { to: "/settings/more", name: "settings.more", least: "viewer" },
];

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
          onChange={(to) => void navigate({ to: (to ?? "/settings/account") as Part["to"] })}
          allowDeselect={false}
        />
        <div>
          <Outlet />
        </div>
      </Box>
    </Page>
  );
}
