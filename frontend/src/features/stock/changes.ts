/** Changing what is on hand: shown at once, put back where it was refused, and taken back where somebody asks. */

import { type QueryClient, useMutation, useQueryClient } from "@tanstack/react-query";

import { client, type Schemas } from "@/api/client";
import { newKey } from "@/api/newKey";
import { problemOf } from "@/api/problem";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { useTellDone } from "@/ui/done";
import { useTellProblem } from "@/ui/notify";

import { stockLive } from "./live";

export type Reason = Schemas["AdjustmentInput"]["reason"];

export const REASONS = [
  "correction",
  "damaged",
  "expired",
  "found",
  "lost",
  "received",
  "returned",
  "sample",
  "theft",
  "other",
] as const satisfies readonly Reason[];

interface Levels {
  variant_id?: number;
  on_hand: number;
  available: number;
  levels: Schemas["Level"][];
}

export interface Adjustment {
  variantId: number;
  /** What people call it. */
  name: string;
  place: { id: number; name: string };
  delta: number;
  reason: Reason;
  note: string;
}

export const TRIES = 3;

interface Sent {
  change: Adjustment;
  /** It is booked once, however often it is sent. */
  key: string;
  isUndo: boolean;
}

/** Books a change: it is shown at once, and can be taken back for a while. */
export function useAdjust(): (change: Adjustment) => void {
  const { t } = useWords();
  const format = useFormat();
  const queries = useQueryClient();
  const tell = useTellProblem();
  const tellDone = useTellDone();
  const { mutate } = useMutation({
    mutationFn: ({ change, key }: Sent) => client.POST("/api/v1/stock/adjustments", { body: bodyOf(change, key) }),
    retry: (failures, error) => failures < TRIES - 1 && problemOf(error).passes,
    onMutate: ({ change }) => show(queries, change),
    onSuccess: (_answer, { change, isUndo }) => {
      if (!isUndo) {
        const delta = format.number(change.delta, { signDisplay: "always" });
        const back = { ...change, delta: -change.delta, reason: "correction", note: t("stock.undo.note") } as const;
        tellDone(t("stock.adjusted", { name: change.name, delta, place: change.place.name }), () =>
          mutate({ change: back, key: newKey(), isUndo: true }),
        );
      }
    },
    onError: (error, _sent, takeBack) => {
      takeBack?.();
      tell(error);
    },
    onSettled: () => refresh(queries),
  });
  return (change) => mutate({ change, key: newKey(), isUndo: false });
}

export function bodyOf(change: Adjustment, key: string): Schemas["AdjustmentInput"] {
  const { variantId, place, delta, reason, note } = change;
  return { variant_id: variantId, location_id: place.id, delta, reason, note, key };
}

/** A variant's numbers once `delta` units more are on hand at a place. */
export function moved<Of extends Levels>(of: Of, place: Adjustment["place"], delta: number): Of {
  const before = of.levels.find((level) => level.location_id === place.id);
  const level = before ?? { location_id: place.id, location: place.name, on_hand: 0, committed: 0, available: 0 };
  const after = { ...level, on_hand: level.on_hand + delta, available: level.available + delta };
  return {
    ...of,
    on_hand: of.on_hand + delta,
    available: of.available + delta,
    levels: before === undefined ? [...of.levels, after] : of.levels.map((each) => (each === before ? after : each)),
  };
}

/** In every list and page that is shown, before anybody answered; they stay as old as they were read. What takes it back
 *  leaves those alone that were read anew meanwhile. */
function show(queries: QueryClient, change: Adjustment): () => void {
  const queryKey = ["get", "/api/v1/stock"];
  void queries.cancelQueries({ queryKey, type: "active" });
  const shown = queries.getQueryCache().findAll({ queryKey }).map(({ queryKey: key, state: { dataUpdatedAt } }) => {
    const move = (delta: number) =>
      queries.setQueryData<Schemas["StockPage"]>(key, (page) => page && movedIn(page, change, delta), {
        updatedAt: dataUpdatedAt,
      });
    move(change.delta);
    return () => {
      if (queries.getQueryState(key)?.dataUpdatedAt === dataUpdatedAt) move(-change.delta);
    };
  });
  return () => shown.forEach((takeBack) => takeBack());
}

function movedIn(page: Schemas["StockPage"], { variantId, place }: Adjustment, delta: number): Schemas["StockPage"] {
  const items = page.items.map((row) => (row.variant_id === variantId ? moved(row, place, delta) : row));
  return { ...page, items };
}

/** Everything that tells of stock is asked for again where it is shown. */
export async function refresh(queries: QueryClient): Promise<void> {
  await Promise.all(stockLive.queries.map((queryKey) => queries.invalidateQueries({ queryKey })));
}

/** The same, and what tells how many listings of a shop are linked. */
export async function refreshLinks(queries: QueryClient): Promise<void> {
  await Promise.all([refresh(queries), queries.invalidateQueries({ queryKey: ["get", "/api/v1/connections"] })]);
}
