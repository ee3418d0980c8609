import { type QueryKey, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";

/** Has what begins with `key` asked for again whenever `state`, which tells how far something is, becomes another. */
export function useLookAgain(key: QueryKey, state: string): void {
  const queries = useQueryClient();
  const seen = useRef(state);
  useEffect(() => {
    if (seen.current !== state) {
      seen.current = state;
      void queries.invalidateQueries({ queryKey: key });
    }
  }, [queries, key, state]);
}
