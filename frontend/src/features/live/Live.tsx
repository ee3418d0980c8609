import { type QueryKey, useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useState } from "react";

import { BASE_URL } from "@/api/base";
import { authorizedFetch } from "@/api/client";

import { Looks } from "./looks";
import { listen } from "./stream";

/** What a feature shows that is no longer true once an event of one of these kinds came. */
export interface LiveRule {
  /** Beginnings of kinds: `order.` stands for all about orders. */
  kinds: readonly string[];
  queries: readonly QueryKey[];
  /** When to look once more, for figures that are summed up behind the events (docs/users/dashboards.md). */
  againAfterMs?: readonly number[];
}

/** How often one looks while no event comes. */
const WITHOUT_EVENTS_MS = 60_000;
const Connected = createContext(false);

/** Whether what is shown follows events as they happen. */
export function useIsLive(): boolean {
  return useContext(Connected);
}

interface Props {
  /** Of all features; stable. */
  rules: readonly LiveRule[];
  /** Whose events: another account's are another stream. */
  accountId: number | null;
  children: ReactNode;
}

/** Fetches again what events say has changed. */
export function Live({ rules, accountId, children }: Props) {
  const [connected, setConnected] = useState(false);
  const queries = useQueryClient();
  useEffect(() => {
    if (accountId === null) {
      return;
    }
    const ending = new AbortController();
    const looks = new Looks(queries);
    /** What was loaded before it is older than all that the stream tells of; nothing is, where it goes on after an event. */
    let toldSince = 0;
    void listen({
      open: (lastId, signal) => {
        toldSince = lastId === null ? Date.now() : 0;
        const request = new Request(`${BASE_URL}/api/v1/live`, { signal });
        if (lastId !== null) {
          request.headers.set("Last-Event-ID", lastId);
        }
        return authorizedFetch(request);
      },
      onConnected: setConnected,
      onEvent: ({ type }) => {
        if (type === "reset") {
          void queries.invalidateQueries();
        }
        if (type === "ready") {
          void queries.invalidateQueries({
            predicate: ({ state: { dataUpdatedAt } }) => dataUpdatedAt > 0 && dataUpdatedAt < toldSince,
          });
        }
        for (const rule of rules.filter(({ kinds }) => kinds.some((kind) => type.startsWith(kind)))) {
          for (const key of rule.queries) {
            looks.soon(key);
            rule.againAfterMs?.forEach((ms) => looks.after(key, ms));
          }
        }
      },
      signal: ending.signal,
    });
    return () => {
      ending.abort();
      looks.end();
      setConnected(false);
    };
  }, [rules, accountId, queries]);
  useEffect(() => {
    if (connected || accountId === null) {
      return;
    }
    const look = () => {
      for (const queryKey of rules.flatMap((rule) => rule.queries)) {
        void queries.invalidateQueries({ queryKey });
      }
    };
    const timer = setInterval(look, WITHOUT_EVENTS_MS);
    return () => clearInterval(timer);
  }, [rules, accountId, queries, connected]);
  return <Connected value={connected}>{children}</Connected>;
}
