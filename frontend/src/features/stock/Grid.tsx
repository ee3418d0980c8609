import {
  type FocusEvent,
  type KeyboardEvent,
  type MouseEvent,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from "react";

import { useWords } from "@/i18n/words";
import type { Scrolled } from "@/ui/listKept";
import { useFocusKept } from "@/ui/useFocusKept";
import { useNow } from "@/ui/useNow";

import type { StockColumn } from "./columns";
import { GridHead, widthOf } from "./GridHead";
import { type Adjusting, GridRow } from "./GridRow";
import { Status } from "./Status";
import classes from "./Stock.module.css";
import type { Selection } from "./useSelection";
import { useRowsInSight } from "./useRowsInSight";
import type { Row } from "./useStockPages";

const ROW_HEIGHT = 44;

interface Props {
  /** Rows that there is room for; those that are not loaded are empty until they are. */
  count: number;
  /** How many there are, where that is known. */
  total: number | null;
  /** The same in words. */
  words: string;
  row: (index: number) => Row | undefined;
  columns: readonly StockColumn[];
  sort: string;
  onSort: (sort: string) => void;
  selection: Selection;
  /** What rows are in sight. */
  onRange: (first: number, last: number) => void;
  scrolled: Scrolled;
  onOpen: (row: Row) => void;
  /** To what holds its numbers. */
  onReview: (row: Row) => void;
  /** None where the user may not. */
  adjusting: Adjusting | null;
}

/** A table of any length, of which only rows in sight are in the document. By keyboard: up and down, Page up and
 *  Page down, Home and End go; Enter opens, Space selects, A adjusts. */
export function Grid({ count, total, words, row, columns, sort, onSort, selection, onRange, scrolled, ...on }: Props) {
  const { t } = useWords();
  const now = useNow();
  const scroller = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(0);
  /** The row that was gone to by a key, which is to have the focus once it is there. */
  const [focused, setFocused] = useState<number | null>(null);
  /** What opened a row's form, by a selector: the row is drawn anew around it. */
  const opener = useRef<string | null>(null);
  useFocusKept(on.adjusting?.variantId ?? null, () =>
    opener.current === null ? null : scroller.current?.querySelector<HTMLElement>(opener.current),
  );
  const rows = useRowsInSight({ scroller, count, height: ROW_HEIGHT, active, scrolled });
  const { first, last, indexes } = rows;
  useEffect(() => onRange(first, last), [onRange, first, last]);
  useLayoutEffect(() => {
    if (focused !== null) {
      scroller.current?.querySelector<HTMLElement>(rowAt(focused))?.focus({ preventScroll: true });
    }
  }, [focused]);
  const go = (index: number) => {
    const next = Math.max(0, Math.min(index, count - 1));
    setActive(next);
    setFocused(next);
    rows.scrollTo(next);
  };
  const adjust = (of: Row, from: string) => {
    opener.current = from;
    on.adjusting?.open(of);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    // A row's form has its keys to itself. To stop them on their way would keep them from what holds the focus in it.
    if ((event.target as Element).closest("[role=dialog]") !== null) {
      return;
    }
    const isRow = event.target instanceof HTMLTableRowElement;
    const page = Math.max(1, last - first - 1);
    const of = row(active);
    const keys: Record<string, () => void> = {
      ArrowDown: () => go(active + 1),
      ArrowUp: () => go(active - 1),
      PageDown: () => go(active + page),
      PageUp: () => go(active - page),
      Home: () => go(0),
      End: () => go(count - 1),
      ...(isRow
        ? {
            Enter: () => of !== undefined && on.onOpen(of),
            " ": () => selection.toggle(active, event.shiftKey),
            Escape: () => selection.clear(),
            a: () => of !== undefined && adjust(of, rowAt(active)),
          }
        : {}),
    };
    const act = keys[event.key];
    if (act !== undefined && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      act();
    }
  };
  const onFocus = (event: FocusEvent<HTMLElement>) => {
    const index = indexOf(event.target);
    if (index !== null) {
      setActive(index);
      setFocused(null);
    }
  };
  const onClick = (event: MouseEvent<HTMLElement>) => {
    const index = indexOf(event.target as Element);
    const found = index === null ? undefined : row(index);
    if (index === null || found === undefined) {
      return;
    }
    switch ((event.target as Element).closest<HTMLElement>("[data-act]")?.dataset["act"]) {
      case "select":
        selection.toggle(index, event.shiftKey);
        break;
      case "adjust":
        adjust(found, `${rowAt(index)} [data-act=adjust]`);
        break;
      case "open":
        follow(event, () => on.onOpen(found));
        break;
      case "review":
        follow(event, () => on.onReview(found));
    }
  };
  return (
    <>
      <div ref={scroller} className={classes["scroller"]} data-testid="stock">
        <table
          role="grid"
          aria-label={t("stock.title")}
          aria-rowcount={total === null ? -1 : total + 1}
          aria-multiselectable
          className={classes["grid"]}
          style={{ width: widthOf(columns), minWidth: "100%" }}
        >
          <GridHead columns={columns} sort={sort} onSort={onSort} />
          <tbody onFocus={onFocus} onClick={onClick} onKeyDown={onKeyDown}>
            {indexes.flatMap((index, nth) => {
              const before = (indexes[nth - 1] ?? -1) + 1;
              const found = row(index);
              return [
                index > before ? <Gap key={`to ${index}`} rows={index - before} /> : null,
                <GridRow
                  key={index}
                  index={index}
                  row={found}
                  columns={columns}
                  now={now}
                  isActive={index === active}
                  isSelected={found !== undefined && selection.has(found)}
                  mayAdjust={on.adjusting !== null}
                  adjusting={found !== undefined && on.adjusting?.variantId === found.variant_id ? on.adjusting : null}
                />,
              ];
            })}
            <Gap rows={count - 1 - (indexes.at(-1) ?? -1)} />
          </tbody>
        </table>
      </div>
      <Status first={first} last={last} total={total} words={words} />
    </>
  );
}

/** A link that was clicked on, unless it is to open elsewhere. */
function follow(event: MouseEvent, go: () => void) {
  if (!(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey)) {
    event.preventDefault();
    go();
  }
}

function rowAt(index: number): string {
  return `tr[data-index="${index}"]`;
}

/** Of the row that something is in; null for what floats beside the table. */
function indexOf(element: Element): number | null {
  const index = element.closest<HTMLElement>("tr[data-index]")?.dataset["index"];
  return index === undefined ? null : Number(index);
}

function Gap({ rows }: { rows: number }) {
  return rows <= 0 ? null : (
    <tr className={classes["gap"]} aria-hidden="true">
      <td style={{ height: rows * ROW_HEIGHT }} />
    </tr>
  );
}
