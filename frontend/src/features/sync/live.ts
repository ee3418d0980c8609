export const syncLive = {
  kinds: ["sync.", "connection."],
  queries: [
    ["get", "/api/v1/sync/runs"],
    ["get", "/api/v1/connections"],
  ],
  againAfterMs: [2000],
} as const;
