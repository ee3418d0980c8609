/** Which SKUs are shown: kept in the address, so that a view can be linked to and gone back to. */

import type { paths } from "@/api/schema";
import { idFrom, isYes, oneFrom, termFrom, withoutNothing } from "@/ui/address";

export type StockQuery = NonNullable<paths["/api/v1/stock"]["get"]["parameters"]["query"]>;

/** The API's sorts; with a minus from the last to the first. */
export const SORTED_BY = ["sku", "title"] as const;
export const BY_SKU = "sku";
const YES_OR_NO = ["yes", "no"] as const;

/** What is not given asks for nothing, but for archived ones, which are left out unless asked for. */
export interface StockFilters {
  q?: string;
  /** A connection's id: what it shows. */
  shop?: number;
  /** A location's id: what was ever counted there. */
  place?: number;
  low?: true;
  /** Nothing is left. */
  out?: true;
  /** A shop's number is not known to be what it should be. */
  differs?: true;
  listed?: "yes" | "no";
  bundles?: "yes" | "no";
  archived?: "yes" | "any";
  sort?: string;
}

/** Reads an address, or a saved view; what makes no sense in it is left out. */
export function filtersFrom(raw: Record<string, unknown>): StockFilters {
  const sort = String(raw["sort"] ?? "");
  const found: { [Name in keyof StockFilters]: StockFilters[Name] | undefined } = {
    q: termFrom(raw["q"]),
    shop: idFrom(raw["shop"]),
    place: idFrom(raw["place"]),
    low: isYes(raw["low"]) || undefined,
    out: isYes(raw["out"]) || undefined,
    differs: isYes(raw["differs"]) || undefined,
    listed: oneFrom(YES_OR_NO, raw["listed"]),
    bundles: oneFrom(YES_OR_NO, raw["bundles"]),
    archived: oneFrom(["yes", "any"] as const, raw["archived"]),
    sort: SORTED_BY.some((each) => sort === each || sort === `-${each}`) && sort !== BY_SKU ? sort : undefined,
  };
  return withoutNothing(found) as StockFilters;
}

/** What the API is asked for; `sort`, `limit` and `cursor` are the list's. */
export function queryOf(filters: StockFilters): Omit<StockQuery, "sort" | "limit" | "cursor"> {
  const query: Omit<StockQuery, "sort" | "limit" | "cursor"> = { archived: filters.archived ?? "no" };
  if (filters.q) query.q = filters.q;
  if (filters.shop) query.connection_id = filters.shop;
  if (filters.place) query.location_id = filters.place;
  if (filters.low) query.low_stock = true;
  if (filters.out) query.out_of_stock = true;
  if (filters.differs) query.differs = true;
  if (filters.listed) query.has_listings = filters.listed === "yes";
  if (filters.bundles) query.is_bundle = filters.bundles === "yes";
  return query;
}

export function sortOf(filters: StockFilters): NonNullable<StockQuery["sort"]> {
  return (filters.sort ?? BY_SKU) as NonNullable<StockQuery["sort"]>;
}

/** How many kinds of filters are set; the search and the sort are seen without opening anything. */
export function countOf(filters: StockFilters): number {
  return Object.entries(filters).filter(([name, value]) => name !== "q" && name !== "sort" && value !== undefined).length;
}
