import { Card } from "@mantine/core";
import type { RowData } from "@tanstack/react-table";
import { type ComponentProps, type ReactNode, useMemo } from "react";

import { itemsOf } from "@/api/pages";

import { DataTable } from "./DataTable";
import { Paged, type Pages } from "./Paged";

interface Props<Row extends RowData> extends Omit<ComponentProps<typeof DataTable<Row>>, "rows"> {
  query: Pages<Row>;
  /** As many rows as there should be before anybody asks for more. */
  wanted?: number;
  most?: number;
  /** How to see less, where there is too much. */
  remedy?: ReactNode;
  /** In place of a table that has nothing in it. */
  empty: ReactNode;
}

/** A table that comes page by page, in all of its states. */
export function PagedTable<Row extends RowData>({ query, wanted, most, remedy, empty, ...table }: Props<Row>) {
  const rows = useMemo(() => itemsOf(query.data), [query.data]);
  return (
    <Paged list={query} shown={rows.length} wanted={wanted} most={most} remedy={remedy} empty={empty}>
      <Card withBorder padding={0}>
        <DataTable rows={rows} {...table} />
      </Card>
    </Paged>
  );
}
