export const ordersLive = {
  kinds: ["order."],
  queries: [
    ["get", "/api/v1/orders"],
    ["get", "/api/v1/orders/totals"],
    ["get", "/api/v1/orders/{order_id}"],
    ["get", "/api/v1/orders/{order_id}/fulfillments"],
  ],
  againAfterMs: [2000],
} as const;

/** What comes of an order, the last of it when other shops were told of the new numbers. */
export const orderHistoryLive = {
  kinds: ["order.", "stock.changed", "listing.published"],
  queries: [["get", "/api/v1/orders/{order_id}/timeline"]],
  againAfterMs: [2000],
} as const;
