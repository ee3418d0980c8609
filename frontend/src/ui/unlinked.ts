import { useWords } from "@/i18n/words";

import type { ConnectedShop } from "./shops";

/** Why a listing stays unlinked: a person wants it so, or the shop keeps no number of it. */
const DECIDED = new Set(["by_hand", "untracked", "bundle_parent", "vanished"]);

/** How many of a shop's listings wait to be linked. */
export function toLinkOf({ counts }: Pick<ConnectedShop, "counts">): number {
  return Object.entries(counts.unlinked)
    .filter(([reason]) => !DECIDED.has(reason))
    .reduce((sum, [, count]) => sum + count, 0);
}

/** How many of its others stay unlinked, and why; null where none does. */
export function useApart({ counts }: Pick<ConnectedShop, "counts">): string | null {
  const { t, known } = useWords();
  const reasons = Object.entries(counts.unlinked)
    .filter(([reason, count]) => DECIDED.has(reason) && count > 0)
    .map(([reason, count]) => t("matching.apart.reason", { count, why: known(`unlinked.${reason}`) ?? reason }));
  return reasons.length === 0 ? null : t("matching.apart", { reasons: reasons.join(", ") });
}
