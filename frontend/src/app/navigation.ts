import type { Key } from "@/i18n/catalog";
import type { IconName } from "@/ui/icons";

interface Place {
  to:
    | "/overview"
    | "/dashboards"
    | "/orders"
    | "/stock"
    | "/connections"
    | "/matching"
    | "/changes"
    | "/reviews"
    | "/sync"
    | "/settings";
  name: Key;
  icon: IconName;
  /** Of screens that one comes to from there. */
  also?: string;
}

/** What the shell's navigation and the palette lead to, in this order. */
export const PLACES: readonly Place[] = [
  { to: "/overview", name: "overview.title", icon: "overview" },
  { to: "/dashboards", name: "dashboards.title", icon: "dashboards" },
  { to: "/orders", name: "orders.title", icon: "orders" },
  { to: "/stock", name: "stock.title", icon: "box", also: "/imports" },
  { to: "/connections", name: "connections.title", icon: "shop" },
  { to: "/matching", name: "matching.title", icon: "link" },
  { to: "/changes", name: "changes.title", icon: "compare" },
  { to: "/reviews", name: "reviews.title", icon: "review" },
  { to: "/sync", name: "sync.title", icon: "history" },
  { to: "/settings", name: "settings.title", icon: "settings" },
];
