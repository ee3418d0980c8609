import type { Schemas } from "@/api/client";

import { EFFECTS } from "./dryRun";

/** Over all shops. */
export function sumOf(totals: Schemas["SyncTotals"]): Record<(typeof EFFECTS)[number], number> {
  const sum = (effect: (typeof EFFECTS)[number]) => totals.connections.reduce((all, shop) => all + shop[effect], 0);
  return {
    raised: sum("raised"),
    lowered: sum("lowered"),
    to_zero: sum("to_zero"),
    held: sum("held"),
    refused: sum("refused"),
  };
}
