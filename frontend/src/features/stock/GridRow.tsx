import { Popover } from "@mantine/core";
import { memo, type ReactNode } from "react";

import { useWords } from "@/i18n/words";

import { tagsOf } from "./cells";
import type { StockColumn } from "./columns";
import classes from "./Stock.module.css";
import type { Row } from "./useStockPages";

/** Changing what is on hand right where it stands. */
export interface Adjusting {
  /** Of which variant just now. */
  variantId: number | null;
  open: (row: Row) => void;
  close: () => void;
  form: (row: Row) => ReactNode;
}

interface Props {
  index: number;
  /** None until it is loaded. */
  row: Row | undefined;
  columns: readonly StockColumn[];
  now: number;
  isActive: boolean;
  isSelected: boolean;
  mayAdjust: boolean;
  /** Of this row just now. */
  adjusting: Adjusting | null;
}

/** A row, made anew only when something in it is new. The grid hears what is clicked on: `data-act` says what that does.
 *  What is in a row can be gone to by Tab in the active one only: hundreds of stops lead nowhere. */
export const GridRow = memo(function GridRow({ index, row, columns, now, isActive, isSelected, ...may }: Props) {
  const { t } = useWords();
  const tabIndex = isActive ? 0 : -1;
  const name = row === undefined ? "" : (row.sku ?? row.title);
  return (
    <tr data-index={index} aria-rowindex={index + 2} aria-selected={isSelected} tabIndex={tabIndex}>
      {row === undefined ? (
        <Holes count={columns.length + 2} />
      ) : (
        <>
          <td className={classes["pinned"]}>
            <input
              type="checkbox"
              className={classes["check"]}
              data-act="select"
              tabIndex={tabIndex}
              aria-label={t("stock.select.one", { name })}
              checked={isSelected}
              readOnly
            />
          </td>
          <td className={classes["pinnedSecond"]} title={name}>
            <a href={variantPath(row)} className={classes["link"]} data-act="open" tabIndex={tabIndex}>
              {row.sku ?? t("stock.noSku")}
            </a>
          </td>
          <td className={classes["cut"]} title={row.title}>
            {tagsOf(t, row)} {row.title}
          </td>
          {columns.map(({ id, numeric, cell }) => (
            <td key={id} className={numeric ? classes["numeric"] : undefined}>
              {id === "on_hand" && may.mayAdjust && !row.is_bundle ? (
                <Adjustable row={row} adjusting={may.adjusting} tabIndex={tabIndex}>
                  {cell(row, now, tabIndex)}
                </Adjustable>
              ) : (
                cell(row, now, tabIndex)
              )}
            </td>
          ))}
        </>
      )}
    </tr>
  );
});

/** Where a variant's own page is. The router's links are too dear for a list: each follows all of the address. */
export function variantPath({ variant_id }: Pick<Row, "variant_id">): string {
  return `/stock/${variant_id}`;
}

interface AdjustableProps extends Pick<Props, "adjusting"> {
  row: Row;
  tabIndex: number;
  children: ReactNode;
}

function Adjustable({ row, adjusting, tabIndex, children }: AdjustableProps) {
  const { t } = useWords();
  const name = row.sku ?? row.title;
  const button = (
    <button
      type="button"
      className={classes["edit"]}
      data-act="adjust"
      tabIndex={tabIndex}
      aria-label={t("stock.adjust.one", { name, count: row.on_hand })}
      aria-haspopup="dialog"
    >
      {children}
    </button>
  );
  if (adjusting === null) {
    return button;
  }
  return (
    <Popover opened onChange={(opened) => !opened && adjusting.close()} trapFocus shadow="md" width={300}>
      <Popover.Target>{button}</Popover.Target>
      <Popover.Dropdown aria-label={t("stock.adjust.title", { name })}>{adjusting.form(row)}</Popover.Dropdown>
    </Popover>
  );
}

function Holes({ count }: { count: number }) {
  const { t } = useWords();
  return (
    <>
      <td className={classes["pinned"]} aria-label={t("state.loading")} />
      {Array.from({ length: count }, (_, place) => (
        <td key={place} className={place === 0 ? classes["pinnedSecond"] : undefined}>
          <span className={classes["hole"]} />
        </td>
      ))}
    </>
  );
}
