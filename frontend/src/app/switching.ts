import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useCallback } from "react";

import { session } from "@/session/session";

/** Leads to where another account is acted for. */
export function useSwitchTo(): (accountId: number) => void {
  const navigate = useNavigate();
  return (accountId) => void navigate({ to: "/switch/$accountId", params: { accountId: String(accountId) } });
}

/** To be called once another account is acted for: nothing of the one before is shown any more. */
export function useSwitched(): () => Promise<void> {
  const queries = useQueryClient();
  return useCallback(() => queries.resetQueries(), [queries]);
}

/** Ends the session and leads out. Throws an ApiProblem, and leaves all as it is, if nobody answers. */
export function useSignOut(): () => Promise<void> {
  const navigate = useNavigate();
  return async () => {
    await session.signOut();
    await navigate({ to: "/" });
  };
}
