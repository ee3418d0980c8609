import type { Schemas } from "@/api/client";
import { useWords } from "@/i18n/words";

export type Kind = Schemas["Subscription"]["kinds"][number];

/** As the API has them (app/domain/outward.py). */
export const KINDS: readonly Kind[] = [
  "order.created",
  "order.updated",
  "order.cancelled",
  "stock.changed",
  "stock.low",
  "stock.oversold",
  "listing.published",
  "connection.changed",
  "sync.failed",
  "review.opened",
  "alert.opened",
];

/** Words for a kind; its own name where there are none. */
export function useKindWords(): (kind: string) => string {
  const { known } = useWords();
  return (kind) => known(`hooks.kind.${kind.replace(".", "_")}`) ?? kind;
}
