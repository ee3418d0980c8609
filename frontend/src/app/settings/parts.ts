import type { Key } from "@/i18n/catalog";
import type { Role } from "@/ui/role";

interface Part {
  to: `/settings/${"account" | "team" | "api-keys" | "webhooks" | "notifications" | "security" | "data" | "audit-log" | "more"}`;
  name: Key;
  least: Role;
}

/** What the settings consist of, and who may see it. */
export const PARTS: readonly Part[] = [
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
