export const reviewsLive = {
  kinds: ["review.", "alert."],
  queries: [
    ["get", "/api/v1/reviews"],
    ["get", "/api/v1/brakes"],
  ],
} as const;
