import type { ReactNode } from "react";

import { itemsOf } from "@/api/pages";

import { Paged, type Pages } from "./Paged";
import classes from "./PagedList.module.css";

interface Props<Item> {
  label: string;
  query: Pages<Item>;
  itemId: (item: Item) => string | number;
  /** In place of a list that has nothing in it. */
  empty: ReactNode;
  children: (item: Item) => ReactNode;
}

/** A list that comes page by page, in all of its states. */
export function PagedList<Item>({ label, query, itemId, empty, children }: Props<Item>) {
  const items = itemsOf(query.data);
  return (
    <Paged list={query} shown={items.length} empty={empty} skeletons={3} short>
      <ul className={classes["list"]} aria-label={label}>
        {items.map((item) => (
          <li key={itemId(item)}>{children(item)}</li>
        ))}
      </ul>
    </Paged>
  );
}
