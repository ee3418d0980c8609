import { dashboardLive } from "@/features/dashboard/live";
import type { LiveRule } from "@/features/live/Live";
import { ordersLive } from "@/features/orders/live";

/** What each feature shows that events make old. */
export const LIVE_RULES: readonly LiveRule[] = [dashboardLive, ordersLive];
