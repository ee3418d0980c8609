export const firstStepsLive = {
  kinds: ["connection.", "sync."],
  queries: [["get", "/api/v1/first-steps"]],
} as const;
