import { api, type Schemas } from "@/api/client";

/** Of the query that says who is signed in. */
export const ME = ["get", "/api/v1/me", {}] as const;

export function useMeQuery() {
  return api.useQuery("get", "/api/v1/me", {}, { staleTime: 60_000 });
}

/** Who is signed in, for which account, and in which role; undefined until that is known. */
export function useMe(): Schemas["Me"] | undefined {
  return useMeQuery().data;
}
