import { Table, Text, UnstyledButton } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { type ColumnDef, type RowData, tableFeatures, useTable } from "@tanstack/react-table";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useLayoutEffect, useRef, useState } from "react";

import { useWords } from "@/i18n/words";

import classes from "./DataTable.module.css";
import { Icon } from "./icons";

const FEATURES = tableFeatures({});
/** Shorter lists are shown whole: they can be searched by the browser, and printed. */
const VIRTUAL_FROM = 150;
const ROW_HEIGHT = 45;
const OVERSCAN = 20;

export type Column<Row extends RowData> = ColumnDef<typeof FEATURES, Row>;

interface Sorting {
  /** `name`, or `-name` for from the highest to the lowest. */
  value: string;
  /** By which columns, by their ids. */
  columns: readonly string[];
  onChange: (value: string) => void;
}

interface Props<Row extends RowData> {
  /** What the table holds, for those who cannot see it. */
  label: string;
  /** Stable from render to render. */
  columns: Column<Row>[];
  rows: Row[];
  rowId: (row: Row) => string;
  /** Columns of numbers stand to the right. */
  numeric?: readonly string[];
  sorting?: Sorting;
  /** A row where there is no room for a table. */
  card: (row: Row) => ReactNode;
}

/** Rows and columns; cards on a telephone. Many rows cost no more than those in sight. */
export function DataTable<Row extends RowData>({ card, ...props }: Props<Row>) {
  const narrow = useMediaQuery("(max-width: 48em)", false, { getInitialValueInEffect: false });
  return narrow ? <Cards card={card} {...props} /> : <Rows {...props} />;
}

function Cards<Row extends RowData>({ label, rows, rowId, card }: Pick<Props<Row>, "label" | "rows" | "rowId" | "card">) {
  const [list, virtual] = useVirtual<HTMLUListElement>(rows.length, 96);
  return (
    <ul
      ref={list}
      aria-label={label}
      className={classes["cards"]}
      style={{ paddingTop: virtual.before, paddingBottom: virtual.after }}
    >
      {rows.slice(virtual.start, virtual.end).map((row, index) => (
        <li key={rowId(row)} aria-setsize={rows.length} aria-posinset={virtual.start + index + 1}>
          {card(row)}
        </li>
      ))}
    </ul>
  );
}

function Rows<Row extends RowData>({ label, columns, rows, rowId, numeric = [], sorting }: Omit<Props<Row>, "card">) {
  const table = useTable({ features: FEATURES, columns, data: rows, getRowId: rowId });
  const [body, virtual] = useVirtual<HTMLTableSectionElement>(rows.length, ROW_HEIGHT);
  const align = (id: string) => (numeric.includes(id) ? "right" : "left");
  return (
    <Table.ScrollContainer minWidth={640} type="native">
      <Table aria-label={label} aria-rowcount={rows.length + 1} highlightOnHover verticalSpacing="xs">
        <Table.Thead>
          {table.getHeaderGroups().map((group) => (
            <Table.Tr key={group.id} aria-rowindex={1}>
              {group.headers.map((header) => (
                <Table.Th key={header.id} ta={align(header.id)} aria-sort={sortOf(header.id, sorting)}>
                  {sorting?.columns.includes(header.id) ? (
                    <SortButton id={header.id} sorting={sorting}>
                      <table.FlexRender header={header} />
                    </SortButton>
                  ) : (
                    <table.FlexRender header={header} />
                  )}
                </Table.Th>
              ))}
            </Table.Tr>
          ))}
        </Table.Thead>
        <Table.Tbody ref={body}>
          <Gap height={virtual.before} />
          {table
            .getRowModel()
            .rows.slice(virtual.start, virtual.end)
            .map((row, index) => (
              <Table.Tr key={row.id} aria-rowindex={virtual.start + index + 2}>
                {row.getAllCells().map((cell) => (
                  <Table.Td
                    key={cell.id}
                    ta={align(cell.column.id)}
                    data-numeric={numeric.includes(cell.column.id) || undefined}
                  >
                    <table.FlexRender cell={cell} />
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          <Gap height={virtual.after} />
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Gap({ height }: { height: number }) {
  return height === 0 ? null : <tr style={{ height }} aria-hidden="true" />;
}

function SortButton({ id, sorting, children }: { id: string; sorting: Sorting; children: ReactNode }) {
  const { t } = useWords();
  const current = sortOf(id, sorting);
  const next = current === "descending" ? id : `-${id}`;
  return (
    <UnstyledButton fz="sm" fw={700} onClick={() => sorting.onChange(next)} title={t("table.sort")}>
      {children}{" "}
      <Text span lh={0} style={{ visibility: current === undefined ? "hidden" : "visible" }}>
        <Icon name={current === "ascending" ? "up" : "down"} size={12} />
      </Text>
    </UnstyledButton>
  );
}

function sortOf(id: string, sorting: Sorting | undefined): "ascending" | "descending" | undefined {
  return sorting?.value === id ? "ascending" : sorting?.value === `-${id}` ? "descending" : undefined;
}

interface Virtual {
  start: number;
  end: number;
  before: number;
  after: number;
}

/** Which rows are in sight, and the room that the others take. */
function useVirtual<E extends HTMLElement>(count: number, height: number): [React.RefObject<E | null>, Virtual] {
  const ref = useRef<E>(null);
  const [top, setTop] = useState(0);
  const on = count >= VIRTUAL_FROM;
  useLayoutEffect(() => {
    setTop((ref.current?.getBoundingClientRect().top ?? 0) + window.scrollY);
  }, [on]);
  const rows = useWindowVirtualizer({
    count: on ? count : 0,
    estimateSize: () => height,
    overscan: OVERSCAN,
    scrollMargin: top,
  });
  const seen = rows.getVirtualItems();
  const [first, last] = [seen[0], seen.at(-1)];
  if (!on || first === undefined || last === undefined) {
    return [ref, { start: 0, end: on ? VIRTUAL_FROM : count, before: 0, after: 0 }];
  }
  const before = first.start - top;
  const after = rows.getTotalSize() - (last.end - top);
  return [ref, { start: first.index, end: last.index + 1, before, after }];
}
