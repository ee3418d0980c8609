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

/** Why a shop's light is not green, in words, the worst first; why it is, where it is. */
export function reasonsOf(shop: Told, known: Say, format: Format): string[] {
  const values = {
    failures: shop.failures,
    error: shop.last_error || "–",
    reviews: shop.reviews,
    refused: shop.failed_cells,
    since: shop.last_success_at === null ? "–" : format.ago(shop.last_success_at),
    count: countOf(shop),
  };
  const codes = shop.reasons.length > 0 ? shop.reasons : [shop.state === "sample" ? "sample" : "well"];
  return codes.map((code) => known(`reason.${code}`, values) ?? code);
}

/** What the words of the first reason depend on. */
function countOf(shop: Told): number {
  switch (shop.reasons[0]) {
    case "failing":
      return shop.failures;
    case "refused":
      return shop.failed_cells;
    default:
      return shop.reviews;
  }
}
