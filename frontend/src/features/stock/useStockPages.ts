import { useQueries, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useState } from "react";

import { api, type Schemas } from "@/api/client";

import type { StockQuery } from "./filters";

export type Row = Schemas["Stock"];
type Page = Schemas["StockPage"];

export const PAGE = 100;
/** Pages are asked for so many rows before they come into sight. */
const AHEAD = 50;
/** What was scrolled past is kept so long. */
const KEPT_MS = 15_000;

/** Where each page begins: the API tells where the next one does only with the page itself. */
export interface Chain {
  cursors: readonly (string | null)[];
  /** How many rows there are, once the last page is known. */
  end: number | null;
}

const NOTHING: Chain = { cursors: [null], end: null };

/** From which page to which. */
type Span = readonly [from: number, to: number];

export interface Pages {
  row: (index: number) => Row | undefined;
  /** Nothing is known yet. */
  isPending: boolean;
  isFetching: boolean;
  error: unknown;
  retry: () => void;
}

/** Rows that there is room for: all, or those known of and one page more. */
export function countOf(chain: Chain): number {
  return chain.end ?? chain.cursors.length * PAGE;
}

/** Whether its first page has come, ever. */
export function isKnown(chain: Chain): boolean {
  return chain.end !== null || chain.cursors.length > 1;
}

/** What is known of a list's pages; kept for whoever comes back to it. */
export function useChain(query: StockQuery): [Chain, (chain: Chain) => void] {
  const queries = useQueryClient();
  const [key] = useState(() => ["stock-chain", query]);
  const [chain, setChain] = useState(() => queries.getQueryData<Chain>(key) ?? NOTHING);
  useEffect(() => {
    queries.setQueryData(key, chain);
  }, [queries, key, chain]);
  return [chain, setChain];
}

/** Which pages the rows in sight are on, and those about to be; new only where another page is. */
export function useSpan(): [Span, (first: number, last: number) => void] {
  const [span, setSpan] = useState<Span>([0, 0]);
  const onRange = useCallback((first: number, last: number) => {
    const from = Math.floor(Math.max(first - AHEAD, 0) / PAGE);
    const to = Math.floor((last + AHEAD) / PAGE);
    setSpan((before) => (before[0] === from && before[1] === to ? before : [from, to]));
  }, []);
  return [span, onRange];
}

/** The rows of some pages. Only these are asked for, and asked for again when events make them old: 100,000 rows cost
 *  what 100 do. */
export function useStockPages(
  query: StockQuery,
  [chain, setChain]: [Chain, (chain: Chain) => void],
  span: Span,
): Pages {
  const queries = useQueryClient();
  const lastPage = chain.cursors.length - 1;
  const [from, to] = [Math.min(span[0], lastPage), Math.min(span[1], lastPage)];
  const results = useQueries({
    queries: chain.cursors.slice(from, to + 1).map((cursor) => pageOptions(query, cursor)),
  });
  const loaded = results.map((result) => result.data);
  const known = extended(chain, from, loaded);
  if (known !== chain) {
    setChain(known);
  }
  const failed = results.find((result) => result.isError);
  return {
    row: (index) => {
      const page = Math.floor(index / PAGE);
      const { queryKey } = pageOptions(query, chain.cursors[page] ?? null);
      const data = page >= from && page <= to ? loaded[page - from] : queries.getQueryData<Page>(queryKey);
      return data?.items[index % PAGE];
    },
    isPending: !isKnown(known) && failed === undefined,
    isFetching: results.some((result) => result.isFetching),
    error: failed?.error ?? null,
    retry: () => results.filter((result) => result.isError).forEach((result) => void result.refetch()),
  };
}

export function pageOptions(query: StockQuery, cursor: string | null) {
  const asked: StockQuery = { ...query, limit: PAGE };
  if (cursor !== null) asked.cursor = cursor;
  return api.queryOptions("get", "/api/v1/stock", { params: { query: asked } }, { gcTime: KEPT_MS });
}

/** The chain as `pages`, the first of which is number `from`, say that it goes on. */
export function extended(chain: Chain, from: number, pages: readonly (Page | undefined)[]): Chain {
  let known = chain;
  pages.forEach((data, index) => {
    const page = from + index;
    if (data === undefined || page >= known.cursors.length) {
      return;
    }
    if (data.next === null) {
      const end = page * PAGE + data.items.length;
      if (known.end !== end || known.cursors.length !== page + 1) {
        known = { cursors: known.cursors.slice(0, page + 1), end };
      }
    } else if (known.cursors[page + 1] !== data.next) {
      const cursors = [...known.cursors];
      cursors[page + 1] = data.next;
      known = { cursors, end: page + 2 === cursors.length ? null : known.end };
    }
  });
  return known;
}
