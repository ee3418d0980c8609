import { idFrom, oneFrom, withoutNothing } from "@/ui/address";

export const REASONS = ["policy", "no_identity", "reversed"] as const;

export interface ReviewFilters {
  shop?: number;
  reason?: (typeof REASONS)[number];
}

/** Reads an address; what makes no sense in it is left out. */
export function reviewsFrom(raw: Record<string, unknown>): ReviewFilters {
  return withoutNothing({ shop: idFrom(raw["shop"]), reason: oneFrom(REASONS, raw["reason"]) }) as ReviewFilters;
}
