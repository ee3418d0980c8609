/** Figures over a span of days. Widgets of the same span share them. */

import { api } from "@/api/client";
import { useTimeZone } from "@/ui/days";

import { type Options, spanOf } from "./spans";

/** Sums follow events by seconds; nobody watches a month's chart by the second. */
const EVERY_MS = 60_000;

export function useOrderReport(options: Options, by: "currency" | "platform") {
  const { span, enabled } = useSpan(options);
  const shop = options.connection_id === undefined ? {} : { connection_id: options.connection_id };
  return api.useQuery(
    "get",
    "/api/v1/dashboard/orders",
    { params: { query: { ...span, ...shop, by } } },
    { enabled, refetchInterval: EVERY_MS },
  );
}

export function useStockReport(options: Options) {
  const { span, enabled } = useSpan(options);
  const place = options.location_id === undefined ? {} : { location_id: options.location_id };
  return api.useQuery(
    "get",
    "/api/v1/dashboard/stock",
    { params: { query: { ...span, ...place } } },
    { enabled, refetchInterval: EVERY_MS },
  );
}

export function useSyncReport(options: Options) {
  const { span, enabled } = useSpan(options);
  return api.useQuery(
    "get",
    "/api/v1/dashboard/sync",
    { params: { query: span } },
    { enabled, refetchInterval: EVERY_MS },
  );
}

function useSpan(options: Options) {
  const { timeZone, isKnown } = useTimeZone();
  return { span: spanOf(options, timeZone), enabled: isKnown };
}
