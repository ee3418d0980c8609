import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { Failed, Loading } from "@/ui/states";

interface Props<Document> {
  query: UseQueryResult<Document, unknown>;
  children: (found: Document) => ReactNode;
}

/** What a widget shows of its query. Figures that could not be looked at again stay, with the reason. */
export function Report<Document>({ query, children }: Props<Document>) {
  if (query.isPending) {
    return <Loading rows={3} />;
  }
  const failed = query.isError ? (
    <Failed compact error={query.error} retry={() => void query.refetch()} retrying={query.isFetching} />
  ) : null;
  return (
    <>
      {failed}
      {query.data === undefined ? null : children(query.data)}
    </>
  );
}
