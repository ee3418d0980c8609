import { useQueryClient } from "@tanstack/react-query";

import { api, type Schemas } from "@/api/client";
import { useTellProblem } from "@/ui/notify";

export type FirstStepsDocument = Schemas["FirstSteps"];
export type Step = FirstStepsDocument["steps"][number];

const { queryKey: QUERY_KEY } = api.queryOptions("get", "/api/v1/first-steps", {});
/** Nothing tells of listings that are linked, or of the last number that is written. */
const EVERY_MS = 30_000;
const WHILE_WAITING_MS = 2000;

/** How far the account has come; looked at again whenever a screen shows it. */
export function useFirstSteps(enabled: boolean) {
  return api.useQuery(
    "get",
    "/api/v1/first-steps",
    {},
    {
      enabled,
      staleTime: 0,
      refetchInterval: ({ state: { data } }) => {
        if (data === undefined || data.done || data.hidden) {
          return false;
        }
        return data.steps.some(({ state }) => state === "waiting") ? WHILE_WAITING_MS : EVERY_MS;
      },
    },
  );
}

/** Puts the first steps or the tour away, or brings them back. */
export function useDismiss(onDone?: () => void) {
  const queries = useQueryClient();
  const tell = useTellProblem();
  return api.useMutation("patch", "/api/v1/first-steps", {
    onSuccess: (now) => {
      queries.setQueryData(QUERY_KEY, now);
      onDone?.();
    },
    onError: tell,
  });
}
