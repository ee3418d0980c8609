import { useRouter } from "@tanstack/react-router";
import { useEffect, useState } from "react";

import { session } from "@/session/session";

/** What a list's address asks for, kept so that the way back from what is in it leads there (`useKept`). */
export function useListKept(path: string, search: object): void {
  const { lists } = useRouter().options.context;
  // Of the account that it was opened for: it is still there for a moment once another one is acted for.
  const [key] = useState(() => keyOf(path));
  useEffect(() => {
    lists.set(key, search);
  });
}

/** As a list was left in this tab; nothing where it was not gone to. */
export function useKept(path: string): object {
  return useRouter().options.context.lists.get(keyOf(path)) ?? {};
}

export interface Scrolled {
  read: () => number;
  keep: (top: number) => void;
}

/** How far a list was scrolled when it was left in this tab. */
export function useScrolled(list: string): Scrolled {
  const { lists } = useRouter().options.context;
  const [kept] = useState(() => {
    const key = keyOf(`scrolled ${list}`);
    return {
      read: () => (lists.get(key) as { top: number } | undefined)?.top ?? 0,
      keep: (top: number) => void lists.set(key, { top }),
    };
  });
  return kept;
}

/** Another account's shops and places are others. */
function keyOf(path: string): string {
  return `${session.accountId} ${path}`;
}
