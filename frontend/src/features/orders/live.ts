export const ordersLive = {
  kinds: ["order."],
  queries: [
    ["get", "/api/v1/orders"],
    ["get", "/api/v1/orders/totals"],
    ["get", "/api/v1/orders/{order_id}"],
    ["get", "/api/v1/orders/{order_id}/timeline"],
    ["get", "/api/v1/orders/{order_id}/fulfillments"],
  ],
  againAfterMs: [2000],
} as const;
