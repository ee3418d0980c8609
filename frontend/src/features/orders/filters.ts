/** Which orders are shown: kept in the address, so that a view can be linked to and gone back to. */

import type { paths } from "@/api/schema";
import { idFrom, isDay, isYes, someFrom, termFrom, withoutNothing } from "@/ui/address";
import { startOf } from "@/ui/days";

type Query = NonNullable<paths["/api/v1/orders"]["get"]["parameters"]["query"]>;

export const STATES = ["open", "fulfilled", "cancelled", "trashed"] as const;
export const PAYMENTS = [
  "pending",
  "on_hold",
  "authorized",
  "partially_paid",
  "paid",
  "partially_refunded",
  "refunded",
  "voided",
  "failed",
] as const;
export const SORTED_BY = ["placed_at", "updated_at", "total"] as const;
export const NEWEST_FIRST = "-placed_at";

export type State = (typeof STATES)[number];
export type Payment = (typeof PAYMENTS)[number];

/** What is not given asks for nothing. Both days are included. */
export interface OrderFilters {
  q?: string;
  state?: State[];
  payment?: Payment[];
  shop?: number;
  from?: string;
  to?: string;
  review?: true;
  sort?: string;
}

/** Reads an address; what makes no sense in it is left out. */
export function filtersFrom(raw: Record<string, unknown>): OrderFilters {
  const sort = String(raw["sort"] ?? "");
  const shop = idFrom(raw["shop"]);
  const found: OrderFilters = {
    q: termFrom(raw["q"]),
    state: someFrom(STATES, raw["state"]),
    payment: someFrom(PAYMENTS, raw["payment"]),
  };
  if (shop !== undefined) found.shop = shop;
  if (isDay(raw["from"])) found.from = raw["from"];
  if (isDay(raw["to"])) found.to = raw["to"];
  if (isYes(raw["review"])) found.review = true;
  if (sort !== NEWEST_FIRST && SORTED_BY.some((each) => sort === each || sort === `-${each}`)) found.sort = sort;
  return withoutNothing(found);
}

export type OrderQuery = Omit<Query, "sort" | "limit" | "cursor">;

/** What the API is asked for, where days begin with those of the time zone. */
export function queryOf(filters: OrderFilters, timeZone: string): OrderQuery {
  const query: OrderQuery = {};
  if (filters.q) query.q = filters.q;
  if (filters.state) query.state = filters.state;
  if (filters.payment) query.payment = filters.payment;
  if (filters.shop) query.connection_id = filters.shop;
  if (filters.from) query.placed_from = startOf(filters.from, timeZone);
  if (filters.to) query.placed_to = startOf(filters.to, timeZone, 1);
  if (filters.review) query.needs_review = true;
  return query;
}

export function sortOf(filters: OrderFilters): NonNullable<Query["sort"]> {
  return (filters.sort ?? NEWEST_FIRST) as NonNullable<Query["sort"]>;
}

/** How many kinds of filters are set; the search and the sort are seen without opening anything. */
export function countOf(filters: OrderFilters): number {
  const { state, payment, shop, review, from, to } = filters;
  return [state, payment, shop, review, from ?? to].filter((each) => each !== undefined).length;
}
