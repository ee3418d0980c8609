import { useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";

/** To be called once another account is acted for: nothing of the one before is shown any more. */
export function useSwitched(): () => Promise<void> {
  const queries = useQueryClient();
  return useCallback(() => queries.resetQueries(), [queries]);
}
