/** Which orders are shown: kept in the address, so that a view can be linked to and gone back to. */

import type { paths } from "@/api/schema";

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
const LONGEST_TERM = 100;

export type State = (typeof STATES)[number];
export type Payment = (typeof PAYMENTS)[number];

/** What is not given asks for nothing. Days are those of the browser's time zone, both included. */
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
  const q = typeof raw["q"] === "string" ? raw["q"].slice(0, LONGEST_TERM) : "";
  const shop = Number(raw["shop"]);
  const sort = String(raw["sort"] ?? "");
  const found: OrderFilters = {
    q,
    state: oneOf(STATES, raw["state"]),
    payment: oneOf(PAYMENTS, raw["payment"]),
  };
  if (Number.isSafeInteger(shop) && shop > 0) found.shop = shop;
  if (isDay(raw["from"])) found.from = raw["from"];
  if (isDay(raw["to"])) found.to = raw["to"];
  if (raw["review"] === "true" || raw["review"] === true) found.review = true;
  if (sort !== NEWEST_FIRST && SORTED_BY.some((each) => sort === each || sort === `-${each}`)) found.sort = sort;
  return withoutNothing(found);
}

/** What the API is asked for. */
export function queryOf(filters: OrderFilters): Omit<Query, "sort" | "limit" | "cursor"> {
  const query: Omit<Query, "sort" | "limit" | "cursor"> = {};
  if (filters.q) query.q = filters.q;
  if (filters.state) query.state = filters.state;
  if (filters.payment) query.payment = filters.payment;
  if (filters.shop) query.connection_id = filters.shop;
  if (filters.from) query.placed_from = startOf(filters.from, 0);
  if (filters.to) query.placed_to = startOf(filters.to, 1);
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

/** Without members that ask for nothing, so that addresses stay short. */
export function withoutNothing(filters: OrderFilters): OrderFilters {
  return Object.fromEntries(
    Object.entries(filters).filter(
      ([, value]) => value !== undefined && value !== "" && !(Array.isArray(value) && value.length === 0),
    ),
  );
}

function oneOf<T extends string>(known: readonly T[], raw: unknown): T[] {
  const asked = Array.isArray(raw) ? raw : [raw];
  return known.filter((each) => asked.includes(each));
}

function isDay(raw: unknown): raw is string {
  return typeof raw === "string" && /^\d{4}-\d{2}-\d{2}$/.test(raw) && !Number.isNaN(Date.parse(raw));
}

/** Where a day begins by the browser's clock, as the API takes it. */
function startOf(day: string, daysLater: number): string {
  const [year, month, date] = day.split("-").map(Number) as [number, number, number];
  return new Date(year, month - 1, date + daysLater).toISOString();
}
