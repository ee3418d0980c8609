import type { paths } from "@/api/schema";

type Query = NonNullable<paths["/api/v1/sync/preview"]["get"]["parameters"]["query"]>;

export const EFFECTS = ["raised", "lowered", "to_zero", "held", "refused"] as const satisfies readonly Query["effect"][];

export interface DryRunFilters {
  effect?: (typeof EFFECTS)[number];
  q?: string;
}
