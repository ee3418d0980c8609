import { Text } from "@mantine/core";
import type { ReactNode } from "react";

import { useWords } from "@/i18n/words";

import { useMe } from "./me";

const RANKS = ["viewer", "staff", "admin", "owner"] as const;
export type Role = (typeof RANKS)[number];

/** Each role may do what those before it may. */
export function isAtLeast(role: Role, least: Role): boolean {
  return RANKS.indexOf(role) >= RANKS.indexOf(least);
}

/** Which roles somebody of this one may give. */
export function rolesUpTo(role: Role): Role[] {
  return RANKS.slice(0, RANKS.indexOf(role) + 1);
}

/** Whether whoever is signed in may do what asks for this role; undefined until that is known. */
export function useMay(least: Role): boolean | undefined {
  const role = useMe()?.role;
  return role === undefined ? undefined : isAtLeast(role, least);
}

/** What only some may do: others read who does it. The API decides; this keeps it from offering what it refuses. */
export function For({ least, children }: { least: "staff" | "admin" | "owner"; children: ReactNode }) {
  const { t } = useWords();
  const may = useMay(least);
  if (may === undefined) {
    return null;
  }
  return may ? (
    children
  ) : (
    <Text size="sm" c="dimmed">
      {t(`may.${least}`)}
    </Text>
  );
}
