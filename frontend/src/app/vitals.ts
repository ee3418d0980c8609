/** Tells the API how fast this page was, by the pattern of its address and without who it was. */

import { type MetricType, onCLS, onFCP, onINP, onLCP, onTTFB } from "web-vitals";

import { client, type Schemas } from "@/api/client";
import { session } from "@/session/session";

import type { AppRouter } from "./router";

/** More than that no page takes; a machine that slept does. */
const MOST_MS = 600_000;

type Vital = Schemas["VitalInput"];

export function reportVitals(router: AppRouter): void {
  const measured = new Map<MetricType["name"], number>();
  let route: string | undefined;
  const stop = router.subscribe("onResolved", () => {
    route = patternOf(router);
    stop();
  });
  for (const watch of [onCLS, onFCP, onINP, onLCP, onTTFB]) {
    watch(({ name, value }) => measured.set(name, Math.min(value, MOST_MS)));
  }
  // Once in a visit: only now all of them are known, and this may be the last that is heard of the page.
  const tell = () => {
    if (document.visibilityState === "hidden" && measured.size > 0 && session.status === "in") {
      document.removeEventListener("visibilitychange", tell);
      const items = [...measured].map(([metric, value]): Vital => ({ metric, value }));
      const body = { route: route ?? patternOf(router), items };
      void client.POST("/api/v1/web-vitals", { body, keepalive: true }).catch(() => undefined);
    }
  };
  document.addEventListener("visibilitychange", tell);
}

/** `/orders/:orderId` */
function patternOf(router: AppRouter): string {
  return (router.state.matches.at(-1)?.fullPath ?? "/").replaceAll("$", ":");
}
