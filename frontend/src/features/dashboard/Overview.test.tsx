import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, it } from "vitest";

import { ME, open, signedIn, token } from "@/test/app";
import { answers, refuses, server } from "@/test/server";

const SHOP = {
  connection_id: 1,
  platform: "shopify",
  name: "Tea and pots",
  state: "active",
  state_reason: "",
  light: "green",
  reasons: [],
  last_success_at: new Date(Date.now() - 60_000).toISOString(),
  last_error: "",
  failures: 0,
  pending: 0,
  pending_events: 0,
  dirty_cells: 0,
  open_attempts: 0,
  failed_cells: 0,
  reviews: 0,
  items_per_second: 0,
};
const TOTAL = {
  orders: 2,
  cancelled: 0,
  total_minor: 4200,
  refunded_minor: 200,
  currency: "EUR",
  net_minor: 4000,
  average_minor: 2000,
};
const OVERVIEW = {
  time_zone: "Europe/Berlin",
  today: {
    date: "2026-11-28",
    start: "2026-11-27T23:00:00Z",
    end: "2026-11-28T23:00:00Z",
    totals: [TOTAL],
    converted: null,
  },
  connections: [SHOP],
  low_stock: 3,
  oversold: 1,
  attention: [],
};

beforeEach(() => {
  signedIn();
  server.use(answers("get", "/sandbox-shops", { items: [] }));
});

describe("the overview", () => {
  it("shows shops, sales and stock, on the merchant's day", async () => {
    server.use(answers("get", "/dashboard/overview", OVERVIEW));
    open("/overview");
    const shop = await screen.findByRole("article", { name: "Tea and pots" });
    expect(shop).toHaveTextContent("In sync");
    expect(shop).toHaveTextContent("All is well.");
    expect(shop).toHaveTextContent("Last success 1 minute ago");
    expect(shop).toHaveTextContent("Nothing pending");
    expect(screen.getByRole("region", { name: "Sold today" })).toHaveTextContent("€40.00");
    expect(screen.getByRole("region", { name: "Sold today" })).toHaveTextContent("2 orders");
    expect(screen.getByText(/November 28, 2026/)).toBeVisible();
    expect(screen.queryByText("Needs you")).toBeNull();
    expect(screen.getByRole("link", { name: "See today's orders" })).toHaveAttribute(
      "href",
      "/orders?from=2026-11-28",
    );
    const ways = ["Tea and pots", "Running low", "Oversold"].map((name) => screen.queryByRole("link", { name }));
    expect(ways.map((way) => way?.getAttribute("href"))).toEqual(["/connections/1", "/stock?low=true", "/stock?out=true"]);
  });

  it.each([
    [{ light: "red", reasons: ["needs_auth"] }, "Not in sync", "Connect it again."],
    [
      { light: "red", reasons: ["failing"], failures: 4, last_error: "It timed out." },
      "Not in sync",
      "4 calls in a row failed: It timed out.",
    ],
    [{ light: "amber", reasons: ["refused"], failed_cells: 1 }, "Look here", "refuses 1 of its numbers"],
    [{ light: "amber", reasons: ["in_review"], reviews: 5 }, "Look here", "5 numbers were changed at the shop"],
    [{ light: "amber", reasons: ["of_tomorrow"] }, "Look here", "of_tomorrow"],
    [{ light: "green", state: "sample" }, "In sync", "Sample data"],
  ])("says in words why a light is as it is: %j", async (facts, light, words) => {
    server.use(answers("get", "/dashboard/overview", { ...OVERVIEW, connections: [{ ...SHOP, ...facts }] }));
    open("/overview");
    const shop = await screen.findByRole("article");
    expect(shop).toHaveTextContent(light);
    expect(shop).toHaveTextContent(words);
  });

  it("says what needs somebody, where, and what to do; what is one click is one", async () => {
    const attention = [
      { kind: "oversold", connection_id: null, count: 2, action: "look", path: "/event-log" },
      { kind: "brake", connection_id: 1, count: 1, action: "release_brake", path: "/" },
      { kind: "refused", connection_id: 1, count: 1, action: "look", path: "/" },
      { kind: "writes_stopped", connection_id: null, count: 1, action: "allow_writes", path: "/" },
    ];
    server.use(answers("get", "/dashboard/overview", { ...OVERVIEW, attention }));
    open("/overview");
    const list = within(await screen.findByRole("region", { name: "Needs you" }));
    expect(list.getByText("2 variants were sold more often than you have them")).toBeVisible();
    expect(list.getByText(/SyncFlow stopped · Tea and pots/)).toBeVisible();
    expect(list.getByText(/^The shop refuses 1 number/)).toBeVisible();
    const looks = list.getAllByRole("link", { name: "Look" }).map((link) => link.getAttribute("href"));
    expect(looks).toContain("/changes?shop=1&effect=refused");
    server.use(
      answers("post", "/account/allow-writes", {}),
      answers("get", "/dashboard/overview", OVERVIEW),
    );
    await userEvent.click(list.getByRole("button", { name: "Allow writes" }));
    await screen.findByRole("region", { name: "Your shops" });
    await expect.poll(() => screen.queryByText("Needs you")).toBeNull();
  });

  it("offers a look around to whoever has no shop yet, and may make one", async () => {
    server.use(answers("get", "/dashboard/overview", { ...OVERVIEW, connections: [], today: { ...OVERVIEW.today, totals: [] } }));
    open("/overview");
    expect(await screen.findByText("No shop is connected yet")).toBeVisible();
    expect(screen.getByText("Nothing was sold yet today.")).toBeVisible();
    expect(await screen.findByRole("button", { name: "Look around with sample data" })).toBeEnabled();
    expect(screen.getByRole("link", { name: "Connect a shop" })).toHaveAttribute("href", "/connections/new");
  });

  it("is left and removed in one click where it shows sample data", async () => {
    const asked: string[] = [];
    server.use(
      answers("get", "/me", { ...ME, is_sample: true }),
      answers("get", "/dashboard/overview", OVERVIEW),
      answers("get", "/sample-data", { account_id: 9, own_account_id: 7 }),
      http.post("*/api/v1/auth/switch-account", async ({ request }) => {
        asked.push(JSON.stringify(await request.json()));
        return HttpResponse.json(token(7, "own"));
      }),
      http.delete("*/api/v1/sample-data", ({ request }) => {
        asked.push(request.headers.get("Authorization") ?? "");
        return new HttpResponse(null, { status: 204 });
      }),
    );
    open("/overview");
    await userEvent.click(await screen.findByRole("button", { name: "Remove the sample data" }));
    expect(await screen.findByText("The sample data is removed")).toBeVisible();
    expect(asked).toEqual(['{"account_id":7}', "Bearer own"]);
  });

  it("does not offer that to a viewer", async () => {
    server.use(
      answers("get", "/me", { ...ME, role: "viewer" }),
      answers("get", "/dashboard/overview", { ...OVERVIEW, connections: [] }),
    );
    open("/overview");
    expect(await screen.findByText(/An owner or admin of the account connects shops/)).toBeVisible();
    expect(screen.queryByRole("button", { name: /Look around/ })).toBeNull();
  });

  it("says what failed and tries again", async () => {
    server.use(refuses("get", "/dashboard/overview", 500, "internal", { "X-Request-ID": "abc123" }));
    open("/overview");
    const alert = await screen.findByRole("alert");
    expect(alert).toHaveTextContent("Something went wrong on our side");
    expect(alert).toHaveTextContent("abc123");
    server.use(answers("get", "/dashboard/overview", OVERVIEW));
    await userEvent.click(within(alert).getByRole("button", { name: "Try again" }));
    expect(await screen.findByRole("article", { name: "Tea and pots" })).toBeVisible();
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("sums up in the reporting currency beside the others, and says what is left out", async () => {
    const converted = { ...TOTAL, currency: "EUR", net_minor: 9900, without_rate: ["SEK"] };
    const totals = [TOTAL, { ...TOTAL, currency: "USD" }, { ...TOTAL, currency: "SEK" }];
    server.use(
      answers("get", "/dashboard/overview", { ...OVERVIEW, today: { ...OVERVIEW.today, totals, converted } }),
    );
    open("/overview");
    const sales = await screen.findByRole("region", { name: "Sold today" });
    expect(sales).toHaveTextContent("All together in EUR€99.00");
    expect(sales).toHaveTextContent("without SEK, which have no rate");
  });
});
