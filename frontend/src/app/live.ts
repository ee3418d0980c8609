import { connectionsLive } from "@/features/connections/live";
import { dashboardLive } from "@/features/dashboard/live";
import { firstStepsLive } from "@/features/first_steps/live";
import { listingsLive } from "@/features/listings/live";
import type { LiveRule } from "@/features/live/Live";
import { orderHistoryLive, ordersLive } from "@/features/orders/live";
import { reviewsLive } from "@/features/reviews/live";
import { stockLive } from "@/features/stock/live";
import { syncLive } from "@/features/sync/live";

/** What each feature shows that events make old. */
export const LIVE_RULES: readonly LiveRule[] = [
  connectionsLive,
  dashboardLive,
  firstStepsLive,
  ordersLive,
  orderHistoryLive,
  listingsLive,
  reviewsLive,
  stockLive,
  syncLive,
];
