import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, it } from "vitest";

import { open, signedIn } from "@/test/app";
import { answers, refuses, server } from "@/test/server";

const PERIODS = ["2026-11-27", "2026-11-28"].map((day) => ({
  start: `${day}T00:00:00Z`,
  end: `${day}T23:59:59Z`,
  local_start: `${day}T00:00:00+00:00`,
}));
const SPAN = { time_zone: "UTC", first: "2026-11-27", last: "2026-11-28", grain: "day", periods: PERIODS };
const POINTS = [
  { orders: 2, cancelled: 0, total_minor: 3000, refunded_minor: 1000 },
  { orders: 1, cancelled: 1, total_minor: 500, refunded_minor: 0 },
];
const TOTAL = {
  ...{ currency: "EUR", orders: 3, cancelled: 1, total_minor: 3500, refunded_minor: 1000 },
  ...{ net_minor: 2500, average_minor: 833 },
};
const ORDERS = {
  ...SPAN,
  totals: [TOTAL, { ...TOTAL, currency: "USD", orders: 1, net_minor: 900 }],
  converted: null,
  series: [
    { currency: "EUR", points: POINTS },
    { currency: "USD", points: [{ ...POINTS[1], total_minor: 900 }, { ...POINTS[1], orders: 0, total_minor: 0 }] },
  ],
};

function widget(kind: string, x = 0, y = 0) {
  return { kind, x, y, width: 6, height: 4, options: { days: 2 } };
}

function dashboard(id: number, name: string, widgets: object[] = [widget("revenue")]) {
  return { id, name, widgets, version: 3, created_at: "2026-11-28T10:00:00Z" };
}

/** What was sent by PUT and POST, and takes it. */
function keeps(): { path: string; body: unknown }[] {
  const kept: { path: string; body: unknown }[] = [];
  const take = async ({ request }: { request: Request }) => {
    kept.push({ path: new URL(request.url).pathname, body: await request.json() });
    return HttpResponse.json(dashboard(1, "Mornings"));
  };
  server.use(http.put("*/api/v1/dashboards/:id", take), http.post("*/api/v1/dashboards", take));
  return kept;
}

beforeEach(() => {
  signedIn();
  server.use(
    answers("get", "/account/reporting", { time_zone: "UTC", currency: null, rates: [] }),
    answers("get", "/dashboards/default", { widgets: [widget("revenue"), widget("orders", 6)] }),
    answers("get", "/dashboard/orders", ORDERS),
  );
});

describe("dashboards", () => {
  it("shows the default one to whoever has kept none, with figures as a table as well", async () => {
    server.use(answers("get", "/dashboards", { items: [], next: null }));
    open("/dashboards");
    expect(await screen.findByRole("heading", { name: "My dashboard", level: 1 })).toBeVisible();
    const revenue = within(await screen.findByRole("article", { name: "Revenue" }));
    expect(await revenue.findByText("€25.00")).toBeVisible();
    await userEvent.click(revenue.getByRole("button", { name: "Show as a table" }));
    const rows = within(revenue.getByRole("table", { name: "Revenue" })).getAllByRole("row");
    expect(rows.map((row) => row.textContent)).toEqual(["FromRevenue", "Nov 27€20.00", "Nov 28€5.00"]);
    const orders = within(screen.getByRole("article", { name: "Orders" }));
    await userEvent.click(await orders.findByRole("button", { name: "Show as a table" }));
    expect(orders.getByRole("row", { name: "Nov 27 3 1" })).toBeVisible();
  });

  it("lead to connecting a shop where there is none", async () => {
    server.use(
      answers("get", "/dashboards", { items: [dashboard(1, "Mornings", [widget("connections")])], next: null }),
      answers("get", "/dashboard/overview", { connections: [] }),
    );
    open("/dashboards");
    expect(await screen.findByText("No shop is connected yet")).toBeVisible();
    expect(screen.getByRole("link", { name: "Connect a shop" })).toHaveAttribute("href", "/connections/new");
  });

  it("adds up no currencies: another one is chosen", async () => {
    server.use(answers("get", "/dashboards", { items: [dashboard(1, "Mornings")], next: null }));
    open("/dashboards");
    const revenue = within(await screen.findByRole("article", { name: "Revenue" }));
    await userEvent.selectOptions(await revenue.findByRole("combobox", { name: "Currency" }), "USD");
    expect(await revenue.findByText("$9.00")).toBeVisible();
  });

  it("is arranged without dragging, and kept as it is then", async () => {
    const two = [widget("revenue"), widget("orders", 6)];
    server.use(answers("get", "/dashboards", { items: [dashboard(1, "Mornings", two)], next: null }));
    const kept = keeps();
    open("/dashboards");
    await userEvent.click(await screen.findByRole("button", { name: "Arrange" }));
    await userEvent.click(await screen.findByRole("button", { name: "Move or resize: Orders" }));
    await userEvent.click(await screen.findByRole("menuitem", { name: "Move left" }));
    await userEvent.click(screen.getByRole("menuitem", { name: "Taller" }));
    expect(screen.getByText("Orders: column 1, row 1, 6 wide, 5 high")).toBeInTheDocument();
    await userEvent.click(screen.getByRole("menuitemradio", { name: "Last 90 days" }));
    await userEvent.keyboard("{Escape}");
    await userEvent.click(screen.getByRole("button", { name: "Save" }));
    expect(await screen.findByRole("button", { name: "Arrange" })).toBeVisible();
    expect(kept).toEqual([
      {
        path: "/api/v1/dashboards/1",
        body: {
          name: "Mornings",
          version: 3,
          widgets: [
            { ...widget("orders"), height: 5, options: { days: 90 } },
            { ...widget("revenue", 6) },
          ],
        },
      },
    ]);
  });

  it("takes widgets away and brings new ones; the first arrangement makes a dashboard", async () => {
    server.use(answers("get", "/dashboards", { items: [], next: null }));
    const kept = keeps();
    open("/dashboards");
    await userEvent.click(await screen.findByRole("button", { name: "Arrange" }));
    await userEvent.click(await screen.findByRole("button", { name: "Move or resize: Orders" }));
    await userEvent.click(await screen.findByRole("menuitem", { name: "Remove" }));
    await userEvent.click(screen.getByRole("button", { name: "Add a widget" }));
    await userEvent.click(await screen.findByRole("menuitem", { name: "Average order value" }));
    expect(await screen.findByRole("article", { name: "Average order value" })).toBeInTheDocument();
    await userEvent.click(screen.getByRole("button", { name: "Save" }));
    await screen.findByRole("button", { name: "Arrange" });
    expect(kept).toMatchObject([
      {
        path: "/api/v1/dashboards",
        body: { name: "My dashboard", widgets: [{ kind: "revenue" }, { kind: "average_order", y: 4 }] },
      },
    ]);
  });

  it("keeps nothing of what is cancelled, and asks before it is lost by going elsewhere", async () => {
    server.use(answers("get", "/dashboards", { items: [dashboard(1, "Mornings")], next: null }));
    const kept = keeps();
    const router = open("/dashboards");
    await userEvent.click(await screen.findByRole("button", { name: "Arrange" }));
    expect(screen.getByRole("button", { name: "Cancel" })).toHaveFocus();
    await userEvent.click(await screen.findByRole("button", { name: "Add a widget" }));
    await userEvent.click(await screen.findByRole("menuitem", { name: "Orders" }));
    void router.navigate({ to: "/orders" });
    const asked = within(await screen.findByRole("dialog", { name: "Leave without saving?" }));
    await userEvent.click(asked.getByRole("button", { name: "Stay" }));
    expect(await screen.findByRole("article", { name: "Orders" })).toBeInTheDocument();
    await userEvent.click(screen.getByRole("button", { name: "Cancel" }));
    expect(screen.getByRole("button", { name: "Arrange" })).toHaveFocus();
    expect(screen.queryByRole("article", { name: "Orders" })).toBeNull();
    expect(kept).toEqual([]);
  });

  it("is chosen by the address, and made, named and deleted by the menu", async () => {
    server.use(
      answers("get", "/dashboards", { items: [dashboard(1, "Mornings"), dashboard(2, "Month's end")], next: null }),
    );
    const kept = keeps();
    open("/dashboards?id=2");
    expect(await screen.findByRole("heading", { name: "Month's end", level: 1 })).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Dashboards" }));
    await userEvent.click(await screen.findByRole("menuitem", { name: "New dashboard" }));
    const dialog = within(await screen.findByRole("dialog", { name: "New dashboard" }));
    await userEvent.click(dialog.getByRole("button", { name: "Create" }));
    expect(dialog.getByText("This is needed.")).toBeVisible();
    await userEvent.type(dialog.getByRole("textbox", { name: "Name" }), "Stock");
    await userEvent.click(dialog.getByRole("button", { name: "Create" }));
    expect(await screen.findByRole("heading", { name: "Mornings", level: 1 })).toBeVisible();
    expect(kept).toEqual([{ path: "/api/v1/dashboards", body: { name: "Stock" } }]);
  });

  it.each([
    ["New dashboard", "post", "/dashboards", "Create"],
    ["Rename", "put", "/dashboards/1", "Save"],
  ] as const)("keeps the name that was typed where it is refused: %s", async (item, method, path, go) => {
    server.use(
      answers("get", "/dashboards", { items: [dashboard(1, "Mornings")], next: null }),
      refuses(method, path, 409, "conflict"),
    );
    open("/dashboards");
    await userEvent.click(await screen.findByRole("button", { name: "Dashboards" }));
    await userEvent.click(await screen.findByRole("menuitem", { name: item }));
    const dialog = within(await screen.findByRole("dialog"));
    const name = dialog.getByRole("textbox", { name: "Name" });
    await userEvent.clear(name);
    await userEvent.type(name, "Stock");
    server.use(answers("get", "/dashboards", { items: [dashboard(1, "Noons")], next: null }));
    await userEvent.click(dialog.getByRole("button", { name: go }));
    expect(await screen.findByText("That is not possible now")).toBeVisible();
    expect(await screen.findByText("Noons")).toBeInTheDocument();
    expect(name).toHaveValue("Stock");
    const kept = keeps();
    await userEvent.click(dialog.getByRole("button", { name: go }));
    await waitFor(() => expect(kept.map(({ body }) => body)).toEqual([expect.objectContaining({ name: "Stock" })]));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  });

  it("says that somebody was faster", async () => {
    server.use(
      answers("get", "/dashboards", { items: [dashboard(1, "Mornings")], next: null }),
      refuses("put", "/dashboards/1", 409, "conflict"),
    );
    open("/dashboards");
    await userEvent.click(await screen.findByRole("button", { name: "Arrange" }));
    await userEvent.click(await screen.findByRole("button", { name: "Add a widget" }));
    await userEvent.click(await screen.findByRole("menuitem", { name: "Orders" }));
    await userEvent.click(screen.getByRole("button", { name: "Save" }));
    expect(await screen.findByText("That is not possible now")).toBeVisible();
    expect(screen.getByRole("button", { name: "Save" })).toBeEnabled();
  });

  it("says what failed, as a whole and by widget", async () => {
    server.use(refuses("get", "/dashboards", 500, "internal"));
    open("/dashboards");
    expect(await screen.findByText("Something went wrong on our side")).toBeVisible();
    server.use(
      answers("get", "/dashboards", { items: [dashboard(1, "Mornings")], next: null }),
      refuses("get", "/dashboard/orders", 500, "internal"),
    );
    await userEvent.click(screen.getByRole("button", { name: "Try again" }));
    const revenue = within(await screen.findByRole("article", { name: "Revenue" }));
    expect(await revenue.findByRole("alert")).toBeVisible();
    const again = revenue.getByRole("button", { name: "Try again" });
    expect(again.parentElement?.parentElement).toHaveStyle({ flexDirection: "column-reverse" });
  });

  it("show what runs low where the fewest are left, and lead to all of it", async () => {
    const low = (variant_id: number, available: number, kind = "low_stock") => ({
      ...{ variant_id, available, kind, sku: `MUG-${variant_id}`, title: `Mug ${variant_id}` },
      ...{ low_stock_threshold: null, raised_at: "2026-11-28T10:00:00Z" },
    });
    const report = { ...SPAN, value: [], converted: null, movements: [] };
    server.use(
      answers("get", "/dashboards", { items: [dashboard(1, "Mornings", [widget("low_stock")])], next: null }),
      answers("get", "/dashboard/stock", { ...report, low_stock: [low(4, -2, "oversold"), low(2, 1)], low_stock_count: 37 }),
    );
    open("/dashboards");
    const widgets = within(await screen.findByRole("article", { name: "Running low" }));
    expect((await widgets.findAllByRole("listitem")).map((each) => each.textContent)).toEqual([
      expect.stringContaining("2 oversold"),
      expect.stringContaining("1 left"),
    ]);
    expect(widgets.getByRole("link", { name: "See all 37" })).toHaveAttribute("href", "/stock?low=true");
  });
});
