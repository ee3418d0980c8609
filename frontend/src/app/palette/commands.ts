import { useMantineColorScheme } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";

import { PLACES } from "@/app/navigation";
import { PARTS } from "@/app/settings/parts";
import { useSignOut } from "@/app/switching";
import { type Language, LANGUAGES } from "@/i18n/catalog";
import { useWords } from "@/i18n/words";
import type { IconName } from "@/ui/icons";
import { useMe } from "@/ui/me";
import { useTellProblem } from "@/ui/notify";
import { isAtLeast, type Role } from "@/ui/role";
import { useShops } from "@/ui/shops";

export interface Offer {
  /** Of its own among all. */
  id: string;
  label: string;
  hint?: string;
  icon: IconName;
  go: () => void;
  /** The palette stays open. */
  stays?: true;
}

export interface Group {
  name: string;
  offers: Offer[];
  /** There are too many to offer them to somebody who has typed nothing. */
  typed?: true;
}

/** Those that all words of the term are in. */
export function matching(groups: Group[], term: string): Group[] {
  const words = term.toLocaleLowerCase().split(/\s+/);
  return groups
    .filter(({ typed }) => term !== "" || typed !== true)
    .map((group) => ({
      ...group,
      offers: group.offers.filter(({ label, hint = "" }) => {
        const text = `${group.name} ${label} ${hint}`.toLocaleLowerCase();
        return words.every((word) => text.includes(word));
      }),
    }))
    .filter(({ offers }) => offers.length > 0);
}

/** Where one may go and what one may do, by names that are known here. */
export function useCommands(): Group[] {
  const { t } = useWords();
  const navigate = useNavigate();
  const me = useMe();
  const shops = useShops().list;
  const may = (least: Role) => me !== undefined && isAtLeast(me.role, least);
  const commands = useActions(may);
  return [
    {
      name: t("palette.places"),
      offers: PLACES.map(({ to, name, icon }) => ({ id: to, label: t(name), icon, go: () => void navigate({ to }) })),
    },
    {
      name: t("settings.title"),
      typed: true,
      offers: PARTS.filter(({ least }) => may(least)).map(({ to, name }) => ({
        id: to,
        label: t(name),
        icon: "settings",
        go: () => void navigate({ to }),
      })),
    },
    {
      name: t("connections.title"),
      typed: true,
      offers: shops.map(({ id, name }) => ({
        id: `shop-${id}`,
        label: name,
        icon: "shop",
        go: () => void navigate({ to: "/connections/$connectionId", params: { connectionId: String(id) } }),
      })),
    },
    { name: t("palette.commands"), offers: commands },
  ];
}

function useActions(may: (least: Role) => boolean): Offer[] {
  const { t, language, speak } = useWords();
  const { setColorScheme } = useMantineColorScheme();
  const navigate = useNavigate();
  const signOut = useSignOut();
  const tell = useTellProblem();
  const languages = (Object.keys(LANGUAGES) as Language[]).filter((each) => each !== language);
  const made: Offer[] = may("staff")
    ? [{ id: "new-sku", label: t("stock.new"), icon: "plus", go: () => void navigate({ to: "/stock/new" }) }]
    : [];
  const connected: Offer[] = may("admin")
    ? [{ id: "connect", label: t("connections.connect"), icon: "plug", go: () => void navigate({ to: "/connections/new" }) }]
    : [];
  return [
    {
      id: "review",
      label: t("palette.review"),
      icon: "warn",
      go: () => void navigate({ to: "/orders", search: { review: true } }),
    },
    ...made,
    { id: "imports", label: t("imports.title"), icon: "upload", go: () => void navigate({ to: "/imports" }) },
    ...connected,
    ...languages.map(
      (each): Offer => ({
        id: each,
        label: LANGUAGES[each],
        hint: t("shell.language"),
        icon: "language",
        go: () => speak(each),
      }),
    ),
    ...(["light", "dark", "auto"] as const).map(
      (scheme): Offer => ({
        id: scheme,
        label: t(`shell.scheme.${scheme}`),
        hint: t("shell.scheme"),
        icon: "half",
        go: () => setColorScheme(scheme),
      }),
    ),
    {
      id: "sign-out",
      label: t("shell.signOut"),
      icon: "leave",
      go: () => void signOut().catch(tell),
    },
  ];
}
