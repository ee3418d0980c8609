import { idFrom, isYes, withoutNothing } from "@/ui/address";

export interface MatchingSearch {
  shop?: number;
  /** What was left unlinked, in place of what waits. */
  apart?: true;
}

/** Reads an address; what makes no sense in it is left out. */
export function matchingFrom(raw: Record<string, unknown>): MatchingSearch {
  return withoutNothing({ shop: idFrom(raw["shop"]), apart: isYes(raw["apart"]) || undefined }) as MatchingSearch;
}
