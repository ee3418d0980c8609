import { type RefObject, useLayoutEffect, useState } from "react";

import type { Scrolled } from "@/ui/listKept";

/** Rows beyond those in sight, so that a turn of the wheel finds them there. */
const OVERSCAN = 4;

export interface RowsInSight {
  first: number;
  last: number;
  /** Those that are in the document, in order: in sight, about to be, and the active one wherever it is. */
  indexes: number[];
  scrollTo: (index: number) => void;
}

interface Options {
  scroller: RefObject<HTMLElement | null>;
  count: number;
  /** Of every row, and of the head that lies over the first one's room. */
  height: number;
  /** Stays in the document, so that it keeps the focus however far one scrolls. */
  active: number;
  scrolled: Scrolled;
}

/** Which rows of a scrolled list of any length are to be in the document. Rows are all of one height, so that it costs
 *  the same for 100 and 100,000. */
export function useRowsInSight({ scroller, count, height, active, scrolled }: Options): RowsInSight {
  const [sight, setSight] = useState({ first: 0, last: 0 });
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) {
      return;
    }
    const look = () => {
      scrolled.keep(element.scrollTop);
      const first = Math.floor(element.scrollTop / height);
      const last = Math.max(first, Math.ceil((element.scrollTop + element.clientHeight - height) / height) - 1);
      setSight((before) => (before.first === first && before.last === last ? before : { first, last }));
    };
    element.scrollTo({ top: scrolled.read() });
    look();
    const resized = new ResizeObserver(look);
    resized.observe(element);
    element.addEventListener("scroll", look, { passive: true });
    return () => {
      resized.disconnect();
      element.removeEventListener("scroll", look);
    };
  }, [scroller, height, scrolled]);
  const last = Math.min(sight.last, count - 1);
  const first = Math.max(0, Math.min(sight.first, last));
  return {
    first,
    last,
    indexes: inDocument(first, last, count, active),
    scrollTo: (index) => {
      const element = scroller.current;
      if (element === null) {
        return;
      }
      const [top, bottom] = [index * height, (index + 2) * height - element.clientHeight];
      if (element.scrollTop > top) element.scrollTo({ top });
      else if (element.scrollTop < bottom) element.scrollTo({ top: bottom });
    },
  };
}

export function inDocument(first: number, last: number, count: number, active: number): number[] {
  const from = Math.max(0, first - OVERSCAN);
  const to = Math.min(count - 1, last + OVERSCAN);
  const shown = Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
  if (active >= count || (active >= from && active <= to)) {
    return shown;
  }
  return active < from ? [active, ...shown] : [...shown, active];
}
