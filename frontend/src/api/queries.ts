/** How queries behave that say nothing else. */

import { QueryClient } from "@tanstack/react-query";

import { problemOf } from "./problem";

const TRIES = 3;
const MOST_WAIT_MS = 10_000;

export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      // Nobody waits in silence for the network: what is not reached is said, and tried again when it is back.
      queries: {
        networkMode: "always",
        refetchOnReconnect: true,
        staleTime: 10_000,
        retry: (failures, error) => failures < TRIES - 1 && problemOf(error).passes,
        retryDelay: (failures, error) => {
          const asked = (problemOf(error).retryAfter ?? 2 ** failures) * 1000;
          return Math.min(asked, MOST_WAIT_MS);
        },
      },
      mutations: { networkMode: "always", retry: false },
    },
  });
}
