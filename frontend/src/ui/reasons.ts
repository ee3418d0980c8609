import type { Format } from "@/i18n/format";

/** What is known of a shop, by which its light is explained. */
export interface Told {
  state: string;
  /** Codes of all that is not well, the worst first. */
  reasons: readonly string[];
  failures: number;
  last_error: string;
  reviews: number;
  failed_cells: number;
  last_success_at: string | null;
}

type Say = (key: string, values?: Record<string, string | number>) => string | null;

/** Why a shop's light is not green, in words, the worst first; why it is, where it is. Nothing is said of what there
 *  are none of by now. */
export function reasonsOf(shop: Told, known: Say, format: Format): string[] {
  const counts: Record<string, number> = {
    failing: shop.failures,
    refused: shop.failed_cells,
    in_review: shop.reviews,
  };
  const values = {
    error: shop.last_error || "–",
    since: shop.last_success_at === null ? "–" : format.ago(shop.last_success_at),
  };
  const codes = shop.reasons.length > 0 ? shop.reasons : [shop.state === "sample" ? "sample" : "well"];
  return codes
    .filter((code) => counts[code] !== 0)
    .map((code) => known(`reason.${code}`, { ...values, count: counts[code] ?? 0 }) ?? code);
}
