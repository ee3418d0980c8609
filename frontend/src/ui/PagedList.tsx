import { Stack } from "@mantine/core";
import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { More } from "./More";
import classes from "./PagedList.module.css";
import { Failed, Loading } from "./states";

const MOST_SHOWN = 1000;

interface Page<Item> {
  items: Item[];
  next: string | null;
}

interface Props<Item> {
  label: string;
  query: UseInfiniteQueryResult<InfiniteData<Page<Item>>, unknown>;
  itemId: (item: Item) => string | number;
  /** In place of a list that has nothing in it. */
  empty: ReactNode;
  children: (item: Item) => ReactNode;
}

/** A list that comes page by page, in all of its states. */
export function PagedList<Item>({ label, query, itemId, empty, children }: Props<Item>) {
  const items = query.data?.pages.flatMap((page) => page.items) ?? [];
  if (query.isPending) {
    return <Loading rows={3} />;
  }
  const failed = query.isError ? (
    <Failed error={query.error} retry={() => void query.refetch()} retrying={query.isFetching} />
  ) : null;
  if (items.length === 0) {
    return failed ?? empty;
  }
  return (
    <Stack gap="sm">
      {failed}
      <ul className={classes["list"]} aria-label={label}>
        {items.map((item) => (
          <li key={itemId(item)}>{children(item)}</li>
        ))}
      </ul>
      {query.hasNextPage ? <More list={query} shown={items.length} most={MOST_SHOWN} /> : null}
    </Stack>
  );
}
