import { useMemo, useRef, useState } from "react";

import type { Pages, Row } from "./useStockPages";

const MOST_SELECTED = 1000;

export interface Selection {
  has: (row: Row) => boolean;
  /** All from the row chosen before to this one where `through`. */
  toggle: (index: number, through: boolean) => void;
  clear: () => void;
}

/** Rows as they were when they were selected; what is done to them needs no more. */
export function useSelection(pages: Pages): [readonly Row[], Selection] {
  const [chosen, setChosen] = useState<ReadonlyMap<number, Row>>(new Map());
  const anchor = useRef(0);
  const selection: Selection = {
    has: (row) => chosen.has(row.variant_id),
    toggle: (index, through) => {
      const from = through ? Math.min(anchor.current, index) : index;
      const to = through ? Math.max(anchor.current, index) : index;
      anchor.current = index;
      const rows = Array.from({ length: to - from + 1 }, (_, step) => pages.row(from + step));
      const next = new Map(chosen);
      for (const row of rows) {
        if (row === undefined) continue;
        if (!through && next.has(row.variant_id)) next.delete(row.variant_id);
        else if (next.size < MOST_SELECTED) next.set(row.variant_id, row);
      }
      setChosen(next);
    },
    clear: () => setChosen(new Map()),
  };
  const rows = useMemo(() => [...chosen.values()], [chosen]);
  return [rows, selection];
}
