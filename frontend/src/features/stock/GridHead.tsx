import { VisuallyHidden } from "@mantine/core";
import { memo } from "react";

import { useWords } from "@/i18n/words";
import { Icon } from "@/ui/icons";

import type { StockColumn } from "./columns";
import classes from "./Stock.module.css";

const CHECK_WIDTH = 44;
const SKU_WIDTH = 150;
const TITLE_WIDTH = 223;

interface Props {
  columns: readonly StockColumn[];
  sort: string;
  onSort: (sort: string) => void;
}

export const GridHead = memo(function GridHead({ columns, sort, onSort }: Props) {
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
          <th scope="col" className={classes["pinned"]}>
            <VisuallyHidden>{t("stock.select")}</VisuallyHidden>
          </th>
          <Sorted id="sku" sort={sort} onSort={onSort} className={classes["pinnedSecond"]}>
            {t("stock.sku")}
          </Sorted>
          <Sorted id="title" sort={sort} onSort={onSort}>
            {t("stock.name")}
          </Sorted>
          {columns.map(({ id, name, numeric }) => (
            <th key={id} scope="col" title={name} className={numeric ? classes["numeric"] : undefined}>
              <span className={classes["head"]}>{name}</span>
            </th>
          ))}
        </tr>
      </thead>
    </>
  );
});

export function widthOf(columns: readonly StockColumn[]): number {
  return columns.reduce((width, column) => width + column.width, CHECK_WIDTH + SKU_WIDTH + TITLE_WIDTH);
}

interface SortedProps extends Pick<Props, "sort" | "onSort"> {
  id: string;
  className?: string | undefined;
  children: string;
}

function Sorted({ id, sort, onSort, className, children }: SortedProps) {
  const { t } = useWords();
  const current = sort === id ? "ascending" : sort === `-${id}` ? "descending" : undefined;
  return (
    <th scope="col" aria-sort={current} className={className}>
      <button
        type="button"
        className={classes["sort"]}
        title={t("table.sort")}
        onClick={() => onSort(current === "ascending" ? `-${id}` : id)}
      >
        {children}
        {current === undefined ? null : <Icon name={current === "ascending" ? "up" : "down"} size={12} />}
      </button>
    </th>
  );
}
