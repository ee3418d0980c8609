import { type QueryClient, useMutation, useQueryClient } from "@tanstack/react-query";

import { api, client, type Schemas } from "@/api/client";
import { useWords } from "@/i18n/words";
import { useTellDone } from "@/ui/done";
import { useTellProblem } from "@/ui/notify";

import type { Connection } from "./rows";

const PATHS = {
  pause: "/api/v1/connections/{connection_id}/pause",
  resume: "/api/v1/connections/{connection_id}/resume",
  catalog: "/api/v1/connections/{connection_id}/import",
  webhooks: "/api/v1/connections/{connection_id}/webhooks",
  disconnect: "/api/v1/connections/{connection_id}/disconnect",
} as const;

export type Action = keyof typeof PATHS | "sync";

/** What is so at once, before the server has said so. */
const AT_ONCE: Partial<Record<Action, Schemas["Connection"]["state"]>> = { pause: "paused", resume: "active" };

export function connectionQuery(connectionId: number) {
  return api.queryOptions("get", "/api/v1/connections/{connection_id}", {
    params: { path: { connection_id: connectionId } },
  });
}

/** Has everything looked at again that shows a connection. */
export function lookAgain(queries: QueryClient): Promise<void> {
  return queries.invalidateQueries({
    predicate: ({ queryKey: [, path] }) =>
      typeof path === "string" && /^\/api\/v1\/(connections|dashboard|publishing|brakes)\b/.test(path),
  });
}

/** What can be done with a connection, by its name; told once it is done. */
export function useAction(connectionId: number) {
  const { t } = useWords();
  const queries = useQueryClient();
  const tell = useTellDone();
  const tellProblem = useTellProblem();
  const { queryKey } = connectionQuery(connectionId);
  return useMutation({
    mutationFn: async (action: Action) => {
      const params = { path: { connection_id: connectionId } };
      await (action === "sync"
        ? client.POST("/api/v1/sync/runs", { body: { connection_id: connectionId } })
        : client.POST(PATHS[action], { params }));
    },
    onMutate: async (action) => {
      await queries.cancelQueries({ queryKey });
      const before = queries.getQueryData<Connection>(queryKey);
      const state = AT_ONCE[action];
      if (before !== undefined && state !== undefined) {
        queries.setQueryData(queryKey, { ...before, state });
      }
      return { before };
    },
    onSuccess: (_done, action) => tell(t(`connection.done.${action}`)),
    onError: (error, _action, kept) => {
      queries.setQueryData(queryKey, kept?.before);
      tellProblem(error);
    },
    onSettled: () => lookAgain(queries),
  });
}
