import { idFrom, oneFrom, withoutNothing } from "@/ui/address";

export const REASONS = ["policy", "no_identity", "reversed"] as const;

export interface ReviewFilters {
  shop?: number;
  /** What holds this one's numbers. */
  variant?: number;
  reason?: (typeof REASONS)[number];
}

/** Reads an address; what makes no sense in it is left out. */
export function reviewsFrom(raw: Record<string, unknown>): ReviewFilters {
  const found = {
    shop: idFrom(raw["shop"]),
    variant: idFrom(raw["variant"]),
    reason: oneFrom(REASONS, raw["reason"]),
  };
  return withoutNothing(found) as ReviewFilters;
}
