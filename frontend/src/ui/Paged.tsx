import { Stack } from "@mantine/core";
import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { useFilled } from "@/api/pages";

import { More } from "./More";
import { Failed, Loading } from "./states";

const MOST_SHOWN = 1000;

export type Pages<Item> = UseInfiniteQueryResult<InfiniteData<{ items: Item[]; next: string | null }>, unknown>;

interface Props {
  list: Pages<unknown>;
  /** How many rows are shown; a page may bring none. */
  shown: number;
  /** As many as there should be before anybody asks for more. */
  wanted?: number;
  most?: number;
  /** How to see less, where there is too much. */
  remedy?: ReactNode;
  /** In place of rows, once it is sure that there are none. */
  empty: ReactNode;
  skeletons?: number;
  /** A list that is short as a rule does not say that it is all. */
  short?: boolean;
  children: ReactNode;
}

/** What comes page by page, in all of its states. */
export function Paged({
  list,
  shown,
  wanted = 1,
  most = MOST_SHOWN,
  remedy,
  empty,
  skeletons = 6,
  short = false,
  children,
}: Props) {
  useFilled(list, shown, wanted);
  const retry = () => void (list.isFetchNextPageError ? list.fetchNextPage() : list.refetch());
  const failed = list.isError ? <Failed error={list.error} retry={retry} retrying={list.isFetching} /> : null;
  if (shown === 0) {
    return failed ?? (list.isPending || list.hasNextPage ? <Loading rows={skeletons} /> : empty);
  }
  return (
    <Stack gap="md">
      {failed}
      {children}
      {short && !list.hasNextPage ? null : <More list={list} shown={shown} most={most} remedy={remedy} />}
    </Stack>
  );
}
