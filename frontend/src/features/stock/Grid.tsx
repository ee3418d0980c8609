import { Popover, VisuallyHidden } from "@mantine/core";
import { type KeyboardEvent, type MouseEvent, type ReactNode, useEffect, useLayoutEffect, useRef, useState } from "react";

import { useWords } from "@/i18n/words";
import { Icon } from "@/ui/icons";
import { TextLink } from "@/ui/links";

import type { StockColumn } from "./columns";
import classes from "./Stock.module.css";
import { type ListPlace, useRowsInSight } from "./useRowsInSight";
import type { Row } from "./useStockPages";

const ROW_HEIGHT = 44;
const CHECK_WIDTH = 44;
const SKU_WIDTH = 150;
const TITLE_WIDTH = 235;

export interface Selection {
  has: (row: Row) => boolean;
  /** All from the row chosen before to this one where `through`. */
  toggle: (index: number, through: boolean) => void;
  clear: () => void;
}

interface Props {
  /** Rows that there is room for; those that are not loaded are empty until they are. */
  count: number;
  /** How many there are, where that is known. */
  total: number | null;
  row: (index: number) => Row | undefined;
  columns: readonly StockColumn[];
  sort: string;
  onSort: (sort: string) => void;
  selection: Selection;
  /** What rows are in sight. */
  onRange: (first: number, last: number) => void;
  place: ListPlace;
  onOpen: (row: Row) => void;
  /** None where the user may not. */
  adjusting: Adjusting | null;
}

/** Changing what is on hand right where it stands. */
export interface Adjusting {
  /** Of which variant just now. */
  variantId: number | null;
  open: (row: Row) => void;
  close: () => void;
  form: (row: Row) => ReactNode;
}

/** A table of any length, of which only rows in sight are in the document. By keyboard: up and down, Page up and
 *  Page down, Home and End go; Enter opens, Space selects, A adjusts. */
export function Grid({ count, total, row, columns, sort, onSort, selection, onRange, place, ...on }: Props) {
  const { t } = useWords();
  const scroller = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(0);
  /** The row that was gone to by a key, which is to have the focus once it is there. */
  const [focused, setFocused] = useState<number | null>(null);
  const rows = useRowsInSight({ scroller, count, height: ROW_HEIGHT, active, place });
  const { first, last, indexes } = rows;
  useEffect(() => onRange(first, last), [onRange, first, last]);
  useLayoutEffect(() => {
    if (focused !== null) {
      scroller.current?.querySelector<HTMLElement>(`tr[data-index="${focused}"]`)?.focus({ preventScroll: true });
    }
  }, [focused]);
  const go = (index: number) => {
    const next = Math.max(0, Math.min(index, count - 1));
    setActive(next);
    setFocused(next);
    rows.scrollTo(next);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
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
            a: () => of !== undefined && on.adjusting?.open(of),
          }
        : {}),
    };
    const act = keys[event.key];
    if (act !== undefined && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      act();
    }
  };
  return (
    <div ref={scroller} className={classes["scroller"] ?? ""} data-testid="stock">
      <table
        role="grid"
        aria-label={t("stock.title")}
        aria-rowcount={total === null ? -1 : total + 1}
        aria-multiselectable
        className={classes["grid"] ?? ""}
        style={{ width: widthOf(columns), minWidth: "100%" }}
      >
        <Head columns={columns} sort={sort} onSort={onSort} />
        <tbody>
          {indexes.flatMap((index, nth) => {
            const before = (indexes[nth - 1] ?? -1) + 1;
            const found = row(index);
            const isSelected = found !== undefined && selection.has(found);
            return [
              index > before ? <Gap key={`to ${index}`} rows={index - before} /> : null,
              <tr
                key={index}
                data-index={index}
                aria-rowindex={index + 2}
                aria-selected={isSelected}
                tabIndex={index === active ? 0 : -1}
                onFocus={() => {
                  setActive(index);
                  setFocused(null);
                }}
                onKeyDown={onKeyDown}
              >
                <Cells
                  row={found}
                  columns={columns}
                  isActive={index === active}
                  isSelected={isSelected}
                  onSelect={(event) => selection.toggle(index, event.shiftKey)}
                  adjusting={on.adjusting}
                />
              </tr>,
            ];
          })}
          <Gap rows={count - 1 - (indexes.at(-1) ?? -1)} />
        </tbody>
      </table>
    </div>
  );
}

function widthOf(columns: readonly StockColumn[]): number {
  return columns.reduce((width, column) => width + column.width, CHECK_WIDTH + SKU_WIDTH + TITLE_WIDTH);
}

function Head({ columns, sort, onSort }: Pick<Props, "columns" | "sort" | "onSort">) {
  const { t } = useWords();
  return (
    <>
      <colgroup>
        <col style={{ width: CHECK_WIDTH }} />
        <col style={{ width: SKU_WIDTH }} />
        <col style={{ width: TITLE_WIDTH }} />
        {columns.map(({ id, width }) => (
          <col key={id} style={{ width }} />
        ))}
      </colgroup>
      <thead>
        <tr aria-rowindex={1}>
          <th scope="col" className={classes["pinned"] ?? ""}>
            <VisuallyHidden>{t("stock.select")}</VisuallyHidden>
          </th>
          <Sorted id="sku" sort={sort} onSort={onSort} className={classes["pinnedSecond"] ?? ""}>
            {t("stock.sku")}
          </Sorted>
          <Sorted id="title" sort={sort} onSort={onSort}>
            {t("stock.name")}
          </Sorted>
          {columns.map(({ id, name, numeric }) => (
            <th key={id} scope="col" title={name} className={numeric ? (classes["numeric"] ?? "") : ""}>
              {name}
            </th>
          ))}
        </tr>
      </thead>
    </>
  );
}

interface SortedProps extends Pick<Props, "sort" | "onSort"> {
  id: string;
  className?: string;
  children: string;
}

function Sorted({ id, sort, onSort, className = "", children }: SortedProps) {
  const { t } = useWords();
  const current = sort === id ? "ascending" : sort === `-${id}` ? "descending" : undefined;
  return (
    <th scope="col" aria-sort={current} className={className}>
      <button
        type="button"
        className={classes["sort"] ?? ""}
        title={t("table.sort")}
        onClick={() => onSort(current === "ascending" ? `-${id}` : id)}
      >
        {children}
        {current === undefined ? null : <Icon name={current === "ascending" ? "up" : "down"} size={12} />}
      </button>
    </th>
  );
}

interface CellsProps extends Pick<Props, "columns" | "adjusting"> {
  row: Row | undefined;
  isActive: boolean;
  isSelected: boolean;
  onSelect: (event: MouseEvent) => void;
}

/** What is in a row can be gone to by Tab in the active one only: hundreds of stops lead nowhere. */
function Cells({ row, columns, isActive, isSelected, onSelect, adjusting }: CellsProps) {
  const { t } = useWords();
  const tabIndex = isActive ? 0 : -1;
  if (row === undefined) {
    return <Holes count={columns.length + 2} />;
  }
  const name = row.sku ?? row.title;
  return (
    <>
      <td className={classes["pinned"] ?? ""}>
        <input
          type="checkbox"
          className={classes["check"] ?? ""}
          tabIndex={tabIndex}
          aria-label={t("stock.select.one", { name })}
          checked={isSelected}
          onChange={() => undefined}
          onClick={onSelect}
        />
      </td>
      <td className={classes["pinnedSecond"] ?? ""} title={name}>
        <SkuLink row={row} tabIndex={tabIndex} />
      </td>
      <td title={row.title}>
        <Marks row={row} /> {row.title}
      </td>
      {columns.map(({ id, numeric, cell }) => (
        <td key={id} className={numeric ? (classes["numeric"] ?? "") : ""}>
          {id === "on_hand" && adjusting !== null && !row.is_bundle ? (
            <Adjustable row={row} adjusting={adjusting} tabIndex={tabIndex}>
              {cell(row)}
            </Adjustable>
          ) : (
            cell(row)
          )}
        </td>
      ))}
    </>
  );
}

interface AdjustableProps {
  row: Row;
  adjusting: Adjusting;
  tabIndex: number;
  children: ReactNode;
}

function Adjustable({ row, adjusting, tabIndex, children }: AdjustableProps) {
  const { t } = useWords();
  const name = row.sku ?? row.title;
  const button = (
    <button
      type="button"
      className={classes["edit"] ?? ""}
      tabIndex={tabIndex}
      aria-label={t("stock.adjust.one", { name, count: row.on_hand })}
      aria-haspopup="dialog"
      onClick={() => adjusting.open(row)}
    >
      {children}
    </button>
  );
  if (adjusting.variantId !== row.variant_id) {
    return button;
  }
  return (
    <Popover opened onChange={(opened) => !opened && adjusting.close()} trapFocus returnFocus shadow="md" width={300}>
      <Popover.Target>{button}</Popover.Target>
      <Popover.Dropdown aria-label={t("stock.adjust.title", { name })} onKeyDown={(event) => event.stopPropagation()}>
        {adjusting.form(row)}
      </Popover.Dropdown>
    </Popover>
  );
}

export function SkuLink({ row, tabIndex }: { row: Pick<Row, "variant_id" | "sku">; tabIndex?: number }) {
  const { t } = useWords();
  return (
    <TextLink
      to="/stock/$variantId"
      params={{ variantId: String(row.variant_id) }}
      preload={false}
      size="sm"
      fw={600}
      {...(tabIndex === undefined ? {} : { tabIndex })}
    >
      {row.sku ?? t("stock.noSku")}
    </TextLink>
  );
}

export function Marks({ row }: { row: Pick<Row, "is_bundle" | "archived_at"> }): ReactNode {
  const { t } = useWords();
  const words = [
    row.is_bundle ? t("stock.bundle") : null,
    row.archived_at === null ? null : t("stock.archived"),
  ].filter((each) => each !== null);
  return words.length === 0 ? null : <span className={classes["tag"] ?? ""}>{words.join(", ")}</span>;
}

function Holes({ count }: { count: number }) {
  const { t } = useWords();
  return (
    <>
      <td className={classes["pinned"] ?? ""} aria-label={t("state.loading")} />
      {Array.from({ length: count }, (_, place) => (
        <td key={place} className={place === 0 ? (classes["pinnedSecond"] ?? "") : ""}>
          <span className={classes["hole"] ?? ""} />
        </td>
      ))}
    </>
  );
}

function Gap({ rows }: { rows: number }) {
  return rows <= 0 ? null : (
    <tr className={classes["gap"] ?? ""} aria-hidden="true">
      <td style={{ height: rows * ROW_HEIGHT }} />
    </tr>
  );
}
