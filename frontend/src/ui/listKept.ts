import { useRouter } from "@tanstack/react-router";
import { useEffect } from "react";

import { session } from "@/session/session";

/** What a list's address asks for, kept so that the way back from what is in it leads there (`useKept`). */
export function useListKept(path: string, search: object): void {
  const { lists } = useRouter().options.context;
  useEffect(() => {
    lists.set(keyOf(path), search);
  });
}

/** As a list was left in this tab; nothing where it was not gone to. */
export function useKept(path: string): object {
  return useRouter().options.context.lists.get(keyOf(path)) ?? {};
}

/** Another account's shops and places are others. */
function keyOf(path: string): string {
  return `${session.accountId} ${path}`;
}
