import type { Sentence } from "@/api/sentence";
import { type Format, useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";

import { type Say, useSay } from "./Said";

/** What is known of a shop, by which its light is explained. */
export interface Told {
  state: string;
  /** Codes of all that is not well, the worst first. */
  reasons: readonly string[];
  failures: number;
  last_error: string;
  last_error_said: Omit<Sentence, "text"> | null;
  reviews: number;
  failed_cells: number;
  last_success_at: string | null;
}

type Known = ReturnType<typeof useWords>["known"];

/** Why a shop's light is as it is. */
export function useReasons(): (shop: Told) => string[] {
  const { known } = useWords();
  const format = useFormat();
  const say = useSay();
  return (shop) => reasonsOf(shop, known, format, say);
}

/** Why a shop's light is not green, in words, the worst first; why it is, where it is. Nothing is said of what there
 *  are none of by now. */
export function reasonsOf(shop: Told, known: Known, format: Format, say: Say): string[] {
  const counts: Record<string, number> = {
    failing: shop.failures,
    refused: shop.failed_cells,
    in_review: shop.reviews,
  };
  const values = {
    error: shop.last_error === "" ? "–" : say({ text: shop.last_error, ...shop.last_error_said }),
    since: shop.last_success_at === null ? "–" : format.ago(shop.last_success_at),
  };
  const codes = shop.reasons.length > 0 ? shop.reasons : [shop.state === "sample" ? "sample" : "well"];
  return codes
    .filter((code) => counts[code] !== 0)
    .map((code) => known(`reason.${code}`, { ...values, count: counts[code] ?? 0 }) ?? code);
}
