/** How many are linked. The list stays as it is while somebody goes through it. */
export const listingsLive = {
  kinds: ["connection."],
  queries: [["get", "/api/v1/connections"]],
} as const;
