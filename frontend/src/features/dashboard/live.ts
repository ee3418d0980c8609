/** What of the dashboard events make old. Sums follow their events by a second or two. */
export const dashboardLive = {
  kinds: ["order.", "stock.", "connection.", "listing.", "sync.", "review.", "alert."],
  queries: [["get", "/api/v1/dashboard/overview"]],
  againAfterMs: [1500, 3500, 7000],
} as const;
