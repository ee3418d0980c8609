import { useMemo } from "react";

import { api } from "@/api/client";

import type { Place } from "./columns";

const MOST = 250;

/** Where stock is kept; none until that is known. */
export function usePlaces(): readonly Place[] {
  const found = api.useQuery("get", "/api/v1/locations", { params: { query: { limit: MOST } } });
  return useMemo(() => found.data?.items.map(({ id, name }) => ({ id, name })) ?? [], [found.data]);
}
