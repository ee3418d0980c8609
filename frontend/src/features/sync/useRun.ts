import { api } from "@/api/client";

const EVERY_MS = 1000;

/** A run, asked for again until it is over. */
export function useRun(runId: number) {
  return api.useQuery(
    "get",
    "/api/v1/sync/runs/{run_id}",
    { params: { path: { run_id: runId } } },
    { refetchInterval: ({ state }) => (state.data?.state === "running" ? EVERY_MS : false) },
  );
}
