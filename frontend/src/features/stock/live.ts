/** What tells of stock; what is changed here has the same asked for again (`refresh`). */
export const stockLive = {
  kinds: ["stock.", "listing.", "review."],
  queries: [
    ["get", "/api/v1/stock"],
    ["get", "/api/v1/stock/count"],
    ["get", "/api/v1/stock/{variant_id}/why"],
    ["get", "/api/v1/stock/{variant_id}/history"],
    ["get", "/api/v1/variants/{variant_id}"],
  ],
  againAfterMs: [],
} as const;
