/** How a list that comes in pages is gone on with: `api.useInfiniteQuery(..., PAGES)`. */

import { useEffect } from "react";

export const PAGES = {
  initialPageParam: null as string | null,
  getNextPageParam: (page: { next: string | null }) => page.next ?? undefined,
} as const;

/** What is on the pages that came. */
export function itemsOf<Item>(data: { pages: readonly { items: readonly Item[] }[] } | undefined): Item[] {
  return data?.pages.flatMap((page) => page.items) ?? [];
}

interface List {
  hasNextPage: boolean;
  isFetching: boolean;
  isError: boolean;
  fetchNextPage: () => Promise<unknown>;
}

/** Goes on until `wanted` rows are there: a page may be short, or empty, and not the last one. */
export function useFilled(list: List, shown: number, wanted: number): void {
  const { hasNextPage, isFetching, isError, fetchNextPage } = list;
  useEffect(() => {
    if (shown < wanted && hasNextPage && !isFetching && !isError) {
      void fetchNextPage();
    }
  }, [shown, wanted, hasNextPage, isFetching, isError, fetchNextPage]);
}
