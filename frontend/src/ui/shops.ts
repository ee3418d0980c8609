import { useMemo } from "react";

import { api, type Schemas } from "@/api/client";

export type ConnectedShop = Schemas["Connection"];

const NONE: ConnectedShop[] = [];

/** The account's shops, and their names by their ids; both are empty until they are known. */
export function useShops() {
  const query = api.useQuery("get", "/api/v1/connections", { params: { query: { limit: 250 } } });
  const list = query.data?.items ?? NONE;
  const names: ReadonlyMap<number, string> = useMemo(
    () => new Map(list.map((shop) => [shop.id, shop.name])),
    [list],
  );
  return { query, list, names };
}
