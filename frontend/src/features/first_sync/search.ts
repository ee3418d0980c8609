import type { paths } from "@/api/schema";

type Query = NonNullable<
  paths["/api/v1/connections/{connection_id}/first-sync"]["get"]["parameters"]["query"]
>;

export type Source = NonNullable<Query["source"]>;
export const SOURCES = ["syncflow", "channel", "highest", "lowest"] as const satisfies readonly Source[];
export const EFFECTS = ["raised", "lowered", "to_zero", "stock_raised", "stock_lowered"] as const;

export interface DiffFilters {
  effect?: (typeof EFFECTS)[number];
  q?: string;
}
