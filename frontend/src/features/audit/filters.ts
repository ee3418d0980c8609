/** Which entries are shown: kept in the address. */

import type { paths } from "@/api/schema";
import { isDay, oneFrom, termFrom, withoutNothing } from "@/ui/address";
import { startOf } from "@/ui/days";

type Query = NonNullable<paths["/api/v1/audit-log"]["get"]["parameters"]["query"]>;
type Topic = NonNullable<Query["topic"]>;

export const TOPICS = [
  "team",
  "sign_in",
  "account",
  "shops",
  "products",
  "stock",
  "prices",
  "shipments",
  "programs",
  "support",
] as const satisfies readonly Topic[];

export interface AuditFilters {
  /** `user:7`, `key:3`, `system`, or `support`. */
  actor?: string;
  topic?: Topic;
  action?: string;
  /** `variant:12`. */
  subject?: string;
  from?: string;
  to?: string;
}

/** Reads an address; what makes no sense in it is left out. */
export function auditFiltersFrom(raw: Record<string, unknown>): AuditFilters {
  return withoutNothing({
    actor: termFrom(raw["actor"]).trim(),
    topic: oneFrom(TOPICS, raw["topic"]),
    action: termFrom(raw["action"]).trim(),
    subject: termFrom(raw["subject"]).trim(),
    from: isDay(raw["from"]) ? raw["from"] : undefined,
    to: isDay(raw["to"]) ? raw["to"] : undefined,
  }) as AuditFilters;
}

/** What the API is asked for, where days begin with those of the time zone. */
export function auditQueryOf(
  { from, to, ...filters }: AuditFilters,
  timeZone: string,
): Omit<Query, "limit" | "cursor"> {
  return withoutNothing({
    ...filters,
    since: from === undefined ? undefined : startOf(from, timeZone),
    until: to === undefined ? undefined : startOf(to, timeZone, 1),
  }) as Omit<Query, "limit" | "cursor">;
}
