import { getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { api } from "@/api/client";
import { useWords } from "@/i18n/words";
import { Page } from "@/ui/Page";
import { Failed, Loading } from "@/ui/states";

import type { Widget } from "./arrange";
import { Board } from "./Board";

const here = getRouteApi("/inside/dashboards");
/** More than there can be. */
const ALL = { params: { query: { limit: 100 } } };

export interface Shown {
  /** null: nobody has kept it yet. */
  id: number | null;
  name: string;
  widgets: Widget[];
  version: number;
}

interface Props {
  /** What a widget shows; `label` says what it is. */
  draw: (widget: Widget, label: string) => ReactNode;
}

/** One's own dashboards: the one that the address names, else the first, else the default one. */
export function Dashboards({ draw }: Props) {
  const { t } = useWords();
  const { id } = here.useSearch();
  const list = api.useQuery("get", "/api/v1/dashboards", ALL);
  const isNone = list.data?.items.length === 0;
  const plain = api.useQuery("get", "/api/v1/dashboards/default", {}, { enabled: isNone, staleTime: Infinity });
  const failed = list.isError ? list : plain.isError ? plain : null;
  const kept = list.data?.items ?? [];
  const found: Shown | undefined =
    kept.find((each) => each.id === id) ??
    kept[0] ??
    (isNone && plain.data !== undefined
      ? { id: null, name: t("dashboards.mine"), widgets: plain.data.widgets, version: 0 }
      : undefined);
  if (found !== undefined) {
    return <Board key={found.id ?? 0} shown={found} kept={kept} draw={draw} />;
  }
  return (
    <Page title={t("dashboards.title")}>
      {failed === null ? (
        <Loading rows={6} />
      ) : (
        <Failed error={failed.error} retry={() => void failed.refetch()} retrying={failed.isFetching} />
      )}
    </Page>
  );
}
