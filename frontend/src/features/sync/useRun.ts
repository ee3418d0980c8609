import { api } from "@/api/client";

const EVERY_MS = 1000;

/** A run, asked for again until it is over; none of null. */
export function useRun(runId: number | null) {
  return api.useQuery(
    "get",
    "/api/v1/sync/runs/{run_id}",
    { params: { path: { run_id: runId ?? 0 } } },
    { enabled: runId !== null, refetchInterval: ({ state }) => (state.data?.state === "running" ? EVERY_MS : false) },
  );
}
