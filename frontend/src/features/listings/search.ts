import { idFrom, withoutNothing } from "@/ui/address";

export interface MatchingSearch {
  shop?: number;
}

/** Reads an address; what makes no sense in it is left out. */
export function matchingFrom(raw: Record<string, unknown>): MatchingSearch {
  return withoutNothing({ shop: idFrom(raw["shop"]) }) as MatchingSearch;
}
