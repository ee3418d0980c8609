/** Which runs are shown: kept in the address. */

import type { paths } from "@/api/schema";
import { idFrom, isDay, isYes, oneFrom, withoutNothing } from "@/ui/address";
import { startOf } from "@/ui/days";

type Query = NonNullable<paths["/api/v1/sync/runs"]["get"]["parameters"]["query"]>;

export const KINDS = ["import", "first_sync", "push", "reconcile", "orders_poll", "check", "manual"] as const;
export const RUN_STATES = ["running", "succeeded", "partly", "failed"] as const;

export interface RunFilters {
  shop?: number;
  kind?: (typeof KINDS)[number];
  state?: (typeof RUN_STATES)[number];
  bad?: true;
  from?: string;
  to?: string;
}

/** Reads an address; what makes no sense in it is left out. */
export function runsFrom(raw: Record<string, unknown>): RunFilters {
  return withoutNothing({
    shop: idFrom(raw["shop"]),
    kind: oneFrom(KINDS, raw["kind"]),
    state: oneFrom(RUN_STATES, raw["state"]),
    bad: isYes(raw["bad"]) ? true : undefined,
    from: isDay(raw["from"]) ? raw["from"] : undefined,
    to: isDay(raw["to"]) ? raw["to"] : undefined,
  }) as RunFilters;
}

/** What the API is asked for, where days begin with those of the time zone. */
export function runsQueryOf(filters: RunFilters, timeZone: string): Omit<Query, "limit" | "cursor"> {
  return withoutNothing({
    connection_id: filters.shop,
    kind: filters.kind,
    state: filters.state,
    not_well: filters.bad,
    since: filters.from === undefined ? undefined : startOf(filters.from, timeZone),
    until: filters.to === undefined ? undefined : startOf(filters.to, timeZone, 1),
  }) as Omit<Query, "limit" | "cursor">;
}

export interface ItemFilters {
  outcome?: (typeof OUTCOMES)[number];
}

export const OUTCOMES = [
  "open",
  "unknown",
  "applied",
  "not_applied",
  "stale",
  "rejected",
  "pending",
  "review",
  "booked",
  "overwritten",
  "reversed",
  "not_registered",
] as const;

export function itemsFrom(raw: Record<string, unknown>): ItemFilters {
  return withoutNothing({ outcome: oneFrom(OUTCOMES, raw["outcome"]) }) as ItemFilters;
}
