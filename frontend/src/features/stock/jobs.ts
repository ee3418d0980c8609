/** The same done to many SKUs, each by a call of its own: what is refused of one leaves the others alone. */

import { client } from "@/api/client";
import { newKey } from "@/api/newKey";
import { type ApiProblem, problemOf } from "@/api/problem";

import { type Adjustment, bodyOf, TRIES } from "./changes";
import type { Row } from "./useStockPages";

/** Calls under way at a time. */
const AT_ONCE = 4;

export interface Job {
  rows: readonly Row[];
  /** Done once, however often it is sent: what is not answered may have been. */
  each: (row: Row) => Promise<unknown>;
  /** The same the other way round. */
  back: (row: Row) => Promise<unknown>;
}

export interface Refused {
  row: Row;
  problem: ApiProblem;
}

export function adjustAll(rows: readonly Row[], of: Pick<Adjustment, "place" | "delta" | "reason" | "note">): Job {
  const keys = new Map(rows.map((row) => [row.variant_id, newKey()]));
  const send = (row: Row, delta: number, end: string) =>
    client.POST("/api/v1/stock/adjustments", {
      body: bodyOf(
        { ...of, variantId: row.variant_id, name: "", delta },
        `${keys.get(row.variant_id) ?? ""}${end}`,
      ),
    });
  return { rows, each: (row) => send(row, of.delta, ""), back: (row) => send(row, -of.delta, ":back") };
}

export function moveAll(rows: readonly Row[], from: number, to: number, quantity: number, note: string): Job {
  const keys = new Map(rows.map((row) => [row.variant_id, newKey()]));
  const send = (row: Row, one: number, other: number, end: string) =>
    client.POST("/api/v1/stock/transfers", {
      body: {
        from_location_id: one,
        to_location_id: other,
        lines: [{ variant_id: row.variant_id, quantity }],
        note,
        key: `${keys.get(row.variant_id) ?? ""}${end}`,
      },
    });
  return { rows, each: (row) => send(row, from, to, ""), back: (row) => send(row, to, from, ":back") };
}

/** Taken back to what each was just before, which may be another than when it was selected. */
export function setThresholds(rows: readonly Row[], threshold: number | null): Job {
  const before = new Map<number, number | null>();
  const path = (row: Row) => ({ path: { variant_id: row.variant_id } });
  const set = (row: Row, low_stock_threshold: number | null) =>
    client.PATCH("/api/v1/stock/{variant_id}", { params: path(row), body: { low_stock_threshold } });
  return {
    rows,
    each: async (row) => {
      if (!before.has(row.variant_id)) {
        const { data } = await client.GET("/api/v1/variants/{variant_id}", { params: path(row) });
        before.set(row.variant_id, data?.low_stock_threshold ?? null);
      }
      await set(row, threshold);
    },
    back: (row) => set(row, before.get(row.variant_id) ?? null),
  };
}

export function archiveAll(rows: readonly Row[]): Job {
  const path = (row: Row) => ({ params: { path: { variant_id: row.variant_id } } });
  return {
    rows,
    each: (row) => client.POST("/api/v1/variants/{variant_id}/archive", path(row)),
    back: (row) => client.POST("/api/v1/variants/{variant_id}/restore", path(row)),
  };
}

export interface Outcome {
  did: Row[];
  refused: Refused[];
}

const pause = (ms: number) => new Promise<unknown>((resolve) => setTimeout(resolve, ms));

/** Does it to each row, in order, and again where what is in the way passes, until `signal` ends it. What is under way then is still done. */
export async function run(
  rows: readonly Row[],
  each: Job["each"],
  onDone: (done: number) => void,
  signal: AbortSignal,
  wait = pause,
): Promise<Outcome> {
  const did: Row[] = [];
  const refused: Refused[] = [];
  let next = 0;
  const work = async () => {
    for (let row = rows[next++]; row !== undefined && !signal.aborted; row = rows[next++]) {
      try {
        await tried(() => each(row), wait);
        did.push(row);
      } catch (error) {
        refused.push({ row, problem: problemOf(error) });
      }
      onDone(did.length + refused.length);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { did, refused };
}

async function tried(send: () => Promise<unknown>, wait: typeof pause): Promise<void> {
  for (let seconds = 1, left = TRIES - 1; ; seconds *= 2, left -= 1) {
    try {
      await send();
      return;
    } catch (error) {
      const { passes, retryAfter } = problemOf(error);
      if (!passes || left === 0) {
        throw error;
      }
      await wait((retryAfter ?? seconds) * 1000);
    }
  }
}
