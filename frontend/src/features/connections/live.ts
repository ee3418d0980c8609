export const connectionsLive = {
  kinds: ["connection.", "review.", "sync.", "alert."],
  queries: [
    ["get", "/api/v1/connections"],
    ["get", "/api/v1/connections/{connection_id}"],
    ["get", "/api/v1/connections/{connection_id}/health"],
    ["get", "/api/v1/dashboard/status"],
  ],
} as const;
