/** Every address of the app, and the screen behind it. A screen's code is loaded when it is gone to; but for the first
 *  screen's, with the words that are not there yet. */

import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
  type RouterHistory,
} from "@tanstack/react-router";

import { auditFiltersFrom } from "@/features/audit/filters";
import { HOME } from "@/features/auth/next";
import { choiceFrom, viewFrom } from "@/features/connections/view";
import { matchingFrom } from "@/features/listings/search";
import { filtersFrom } from "@/features/orders/filters";
import { reviewsFrom } from "@/features/reviews/search";
import { filtersFrom as stockFiltersFrom } from "@/features/stock/filters";
import { itemsFrom, runsFrom } from "@/features/sync/filters";
import { dashboardFrom } from "@/features/workplace/address";
import { withWords } from "@/i18n/catalog";
import { session } from "@/session/session";

import { changesFrom } from "./changes";
import { Crashed, Lost, Waiting } from "./Fallbacks";
import { only, parseSearch, writeSearch } from "./search";

interface Context {
  queries: QueryClient;
  /** How lists were left (`ui/listKept.ts`). */
  lists: Map<string, object>;
}

const root = createRootRouteWithContext<Context>()({
  component: Outlet,
  notFoundComponent: Lost,
});

/** For strangers: whoever is signed in already is led on. */
const landing = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: async () => {
    if (await session.restore().catch(() => false)) {
      throw redirect({ href: HOME });
    }
  },
  component: lazyRouteComponent(() => withWords(import("@/features/pages/Landing")), "Landing"),
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: (raw: Record<string, unknown>): { next?: string } =>
    typeof raw["next"] === "string" ? { next: raw["next"] } : {},
  component: lazyRouteComponent(() => withWords(import("@/features/auth/SignIn")), "SignIn"),
});

const signUp = createRoute({
  getParentRoute: () => root,
  path: "/sign-up",
  component: lazyRouteComponent(() => withWords(import("@/features/registration/SignUp")), "SignUp"),
});

// Mails lead to these.
const verifyEmail = createRoute({
  getParentRoute: () => root,
  path: "/verify-email",
  component: lazyRouteComponent(() => withWords(import("@/features/registration/VerifyEmail")), "VerifyEmail"),
});
const forgotPassword = createRoute({
  getParentRoute: () => root,
  path: "/forgot-password",
  component: lazyRouteComponent(() => withWords(import("@/features/passwords/ForgotPassword")), "ForgotPassword"),
});
const resetPassword = createRoute({
  getParentRoute: () => root,
  path: "/reset-password",
  component: lazyRouteComponent(() => withWords(import("@/features/passwords/ResetPassword")), "ResetPassword"),
});
const acceptInvitation = createRoute({
  getParentRoute: () => root,
  path: "/accept-invitation",
  component: lazyRouteComponent(() => withWords(import("@/features/invitations/AcceptInvitation")), "AcceptInvitation"),
});

/** For members. Others sign in first, and come back to where they were going. */
const inside = createRoute({
  getParentRoute: () => root,
  id: "inside",
  beforeLoad: async ({ location, context }) => {
    if (!(await session.restore())) {
      context.queries.clear();
      context.lists.clear();
      const next = location.href === HOME ? {} : { next: location.href };
      throw redirect({ to: "/sign-in", search: next, replace: true });
    }
  },
  component: lazyRouteComponent(() => import("./Shell"), "Shell"),
});

const overview = createRoute({
  getParentRoute: () => inside,
  path: "/overview",
  component: lazyRouteComponent(() => import("./OverviewScreen"), "OverviewScreen"),
});
const switchTo = createRoute({
  getParentRoute: () => inside,
  path: "/switch/$accountId",
  component: lazyRouteComponent(() => withWords(import("./SwitchScreen")), "SwitchScreen"),
});
const orders = createRoute({
  getParentRoute: () => inside,
  path: "/orders",
  validateSearch: only(filtersFrom),
  component: lazyRouteComponent(() => withWords(import("@/features/orders/Orders")), "Orders"),
});
const order = createRoute({
  getParentRoute: () => inside,
  path: "/orders/$orderId",
  component: lazyRouteComponent(() => withWords(import("@/features/orders/OrderPage")), "OrderPage"),
});
const connections = createRoute({
  getParentRoute: () => inside,
  path: "/connections",
  component: lazyRouteComponent(() => withWords(import("@/features/connections/Connections")), "Connections"),
});
const connect = createRoute({
  getParentRoute: () => inside,
  path: "/connections/new",
  validateSearch: only(choiceFrom),
  component: lazyRouteComponent(() => withWords(import("./ConnectScreen")), "ConnectScreen"),
});
const connection = createRoute({
  getParentRoute: () => inside,
  path: "/connections/$connectionId",
  validateSearch: only(viewFrom),
  component: lazyRouteComponent(() => withWords(import("./ConnectionScreen")), "ConnectionScreen"),
});
const matching = createRoute({
  getParentRoute: () => inside,
  path: "/matching",
  validateSearch: only(matchingFrom),
  component: lazyRouteComponent(() => withWords(import("./MatchingScreen")), "MatchingScreen"),
});
const changes = createRoute({
  getParentRoute: () => inside,
  path: "/changes",
  validateSearch: only(changesFrom),
  component: lazyRouteComponent(() => withWords(import("./ChangesScreen")), "ChangesScreen"),
});
const reviews = createRoute({
  getParentRoute: () => inside,
  path: "/reviews",
  validateSearch: only(reviewsFrom),
  component: lazyRouteComponent(() => withWords(import("./ReviewsScreen")), "ReviewsScreen"),
});
const sync = createRoute({
  getParentRoute: () => inside,
  path: "/sync",
  validateSearch: only(runsFrom),
  component: lazyRouteComponent(() => withWords(import("@/features/sync/SyncHistory")), "SyncHistory"),
});
const run = createRoute({
  getParentRoute: () => inside,
  path: "/sync/$runId",
  validateSearch: only(itemsFrom),
  component: lazyRouteComponent(() => withWords(import("@/features/sync/RunPage")), "RunPage"),
});

const dashboards = createRoute({
  getParentRoute: () => inside,
  path: "/dashboards",
  validateSearch: only(dashboardFrom),
  component: lazyRouteComponent(() => withWords(import("./DashboardsScreen")), "DashboardsScreen"),
});
const stock = createRoute({
  getParentRoute: () => inside,
  path: "/stock",
  validateSearch: only(stockFiltersFrom),
  component: lazyRouteComponent(() => withWords(import("./StockScreens")), "StockScreen"),
});
const newVariant = createRoute({
  getParentRoute: () => inside,
  path: "/stock/new",
  component: lazyRouteComponent(() => withWords(import("@/features/stock/NewVariant")), "NewVariant"),
});
const variant = createRoute({
  getParentRoute: () => inside,
  path: "/stock/$variantId",
  component: lazyRouteComponent(() => withWords(import("./StockScreens")), "VariantScreen"),
});
const imports = createRoute({
  getParentRoute: () => inside,
  path: "/imports",
  component: lazyRouteComponent(() => withWords(import("./ImportScreens")), "ImportsScreen"),
});
const oneImport = createRoute({
  getParentRoute: () => inside,
  path: "/imports/$importId",
  component: lazyRouteComponent(() => withWords(import("./ImportScreens")), "ImportScreen"),
});

const settings = createRoute({
  getParentRoute: () => inside,
  path: "/settings",
  component: lazyRouteComponent(() => withWords(import("./settings/Frame")), "Frame"),
});
const settingsHome = createRoute({
  getParentRoute: () => settings,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/settings/account", replace: true });
  },
});
const SCREENS = () => withWords(import("./settings/screens"));
const ADMINS = () => withWords(import("./settings/admins"));
const settingsAccount = createRoute({
  getParentRoute: () => settings,
  path: "/account",
  component: lazyRouteComponent(SCREENS, "Account"),
});
const settingsTeam = createRoute({
  getParentRoute: () => settings,
  path: "/team",
  component: lazyRouteComponent(SCREENS, "Team"),
});
const settingsNotifications = createRoute({
  getParentRoute: () => settings,
  path: "/notifications",
  component: lazyRouteComponent(() => withWords(import("@/features/workplace/Notifications")), "Notifications"),
});
const settingsSecurity = createRoute({
  getParentRoute: () => settings,
  path: "/security",
  component: lazyRouteComponent(SCREENS, "Security"),
});
const settingsData = createRoute({
  getParentRoute: () => settings,
  path: "/data",
  component: lazyRouteComponent(SCREENS, "Data"),
});
const settingsMore = createRoute({
  getParentRoute: () => settings,
  path: "/more",
  component: lazyRouteComponent(SCREENS, "More"),
});
const settingsKeys = createRoute({
  getParentRoute: () => settings,
  path: "/api-keys",
  component: lazyRouteComponent(ADMINS, "ApiKeys"),
});
const settingsWebhooks = createRoute({
  getParentRoute: () => settings,
  path: "/webhooks",
  component: lazyRouteComponent(ADMINS, "Webhooks"),
});
const settingsWebhook = createRoute({
  getParentRoute: () => settings,
  path: "/webhooks/$id",
  component: lazyRouteComponent(ADMINS, "Webhook"),
});
const settingsAudit = createRoute({
  getParentRoute: () => settings,
  path: "/audit-log",
  validateSearch: only(auditFiltersFrom),
  component: lazyRouteComponent(ADMINS, "AuditLog"),
});

const tree = root.addChildren([
  landing,
  signIn,
  signUp,
  verifyEmail,
  forgotPassword,
  resetPassword,
  acceptInvitation,
  inside.addChildren([
    overview,
    switchTo,
    dashboards,
    orders,
    order,
    connections,
    connect,
    connection,
    matching,
    changes,
    reviews,
    sync,
    run,
    stock,
    newVariant,
    variant,
    imports,
    oneImport,
    settings.addChildren([
      settingsHome,
      settingsAccount,
      settingsTeam,
      settingsNotifications,
      settingsSecurity,
      settingsKeys,
      settingsWebhooks,
      settingsWebhook,
      settingsAudit,
      settingsData,
      settingsMore,
    ]),
  ]),
]);

export function makeRouter(queries: QueryClient, history?: RouterHistory) {
  return createRouter({
    routeTree: tree,
    context: { queries, lists: new Map() },
    ...(history === undefined ? {} : { history }),
    parseSearch,
    stringifySearch: writeSearch,
    defaultPreload: "intent",
    defaultPendingMs: 300,
    defaultPendingComponent: Waiting,
    defaultErrorComponent: Crashed,
    scrollRestoration: true,
  });
}

export type AppRouter = ReturnType<typeof makeRouter>;

declare module "@tanstack/react-router" {
  interface Register {
    router: AppRouter;
  }
}
