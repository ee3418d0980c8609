import { EFFECTS as OF_FIRST_SYNC, type Source, SOURCES } from "@/features/first_sync/search";
import { EFFECTS as OF_DRY_RUN } from "@/features/sync/dryRun";
import { idFrom, isYes, oneFrom, termFrom, withoutNothing } from "@/ui/address";

const EFFECTS = [...new Set([...OF_FIRST_SYNC, ...OF_DRY_RUN])];

export interface ChangesSearch {
  shop?: number;
  source?: Source;
  effect?: (typeof EFFECTS)[number];
  q?: string;
  /** Whether the shop's first sync was just begun here. */
  started?: true;
}

/** Reads an address; what makes no sense in it is left out. */
export function changesFrom(raw: Record<string, unknown>): ChangesSearch {
  return withoutNothing({
    shop: idFrom(raw["shop"]),
    source: oneFrom(SOURCES, raw["source"]),
    effect: oneFrom(EFFECTS, raw["effect"]),
    q: termFrom(raw["q"]),
    started: isYes(raw["started"]) ? true : undefined,
  }) as ChangesSearch;
}
