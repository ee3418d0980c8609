import { api, type Schemas } from "@/api/client";

type Location = Schemas["Location"];

/** As many as the API gives at once. */
const MOST = 250;
const NONE: readonly Location[] = [];

/** Where the account keeps stock; none until that is known. */
export function usePlaces() {
  const query = api.useQuery("get", "/api/v1/locations", { params: { query: { limit: MOST } } });
  return { query, list: query.data?.items ?? NONE, hasMore: (query.data?.next ?? null) !== null };
}
