import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { delay, http, HttpResponse } from "msw";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { open, signedIn } from "@/test/app";
import { answers, refuses, server } from "@/test/server";

function order(id: number, more: object = {}) {
  return {
    id,
    connection_id: 1,
    platform: "shopify",
    external_id: `x${id}`,
    number: `#${1000 + id}`,
    state: "open",
    payment: "paid",
    currency: "EUR",
    total_minor: 1999,
    subtotal_minor: 1999,
    tax_minor: 0,
    shipping_minor: 0,
    discount_minor: 0,
    refunded_minor: 0,
    is_test: false,
    placed_at: "2026-11-28T09:30:00Z",
    updated_at: null,
    review_reason: null,
    ...more,
  };
}

let asked: URLSearchParams[] = [];

/** Pages of orders, as the API gives them. */
function list(pages: object[][]) {
  asked = [];
  return http.get("*/api/v1/orders", ({ request }) => {
    const query = new URL(request.url).searchParams;
    asked.push(query);
    const number = Number(query.get("cursor") ?? 0);
    const next = number + 1 < pages.length ? String(number + 1) : null;
    return HttpResponse.json({ items: pages[number] ?? [], next });
  });
}

beforeEach(() => {
  signedIn();
  server.use(
    answers("get", "/connections", { items: [{ id: 1, name: "Tea and pots" }], next: null }),
    answers("get", "/orders/totals", {
      count: 3,
      at_least: false,
      revenue: [{ currency: "EUR", orders: 3, total_minor: 5997, refunded_minor: 500 }],
    }),
  );
});

describe("the list of orders", () => {
  it.each(["?state=nonsense", "?from=garbage&to=2026-13-45&shop=abc&sort=colour&payment=cash"])(
    "leaves out what makes no sense in its address: %s",
    async (search) => {
      server.use(list([[order(1)]]));
      const router = open(`/orders${search}`);
      expect(await screen.findByRole("row", { name: /#1001/ })).toBeVisible();
      expect(asked.map(String)).toEqual(["sort=-placed_at&limit=50"]);
      expect(router.state.location.href).toBe("/orders");
    },
  );

  it("asks once for the days of the account, wherever the browser is", async () => {
    const totals: URLSearchParams[] = [];
    server.use(
      list([[order(1)]]),
      http.get("*/api/v1/orders/totals", ({ request }) => {
        totals.push(new URL(request.url).searchParams);
        return HttpResponse.json({ count: 1, at_least: false, revenue: [] });
      }),
      http.get("*/api/v1/account/reporting", async () => {
        await delay(300);
        return HttpResponse.json({ time_zone: "Pacific/Kiritimati", currency: null, rates: [] });
      }),
    );
    open("/orders?from=2026-11-30&to=2026-11-30");
    expect(await screen.findByRole("button", { name: "Export" })).toBeDisabled();
    expect(await screen.findByRole("row", { name: /#1001/ })).toBeVisible();
    expect(await screen.findByText("1 order")).toBeVisible();
    const day = ["2026-11-29T10:00:00.000Z", "2026-11-30T10:00:00.000Z"];
    expect(asked.map((query) => [query.get("placed_from"), query.get("placed_to")])).toEqual([day]);
    expect(totals.map((query) => [query.get("placed_from"), query.get("placed_to")])).toEqual([day]);
    expect(screen.getByRole("button", { name: "Export" })).toBeEnabled();
  });

  it("asks for the days of the browser where those of the account cannot be asked", async () => {
    server.use(list([[order(1)]]), refuses("get", "/account/reporting", 500, "internal"));
    open("/orders?from=2026-11-30");
    expect(await screen.findByRole("row", { name: /#1001/ })).toBeVisible();
    expect(asked.map((query) => query.get("placed_from"))).toEqual([new Date(2026, 10, 30).toISOString()]);
  });

  it("says so where there is no network, and tries again", async () => {
    server.use(http.get("*/api/v1/orders", () => HttpResponse.error()));
    open("/orders");
    window.dispatchEvent(new Event("offline"));
    expect(await screen.findAllByRole("button", { name: "Try again" })).not.toEqual([]);
    server.use(list([[order(1)]]));
    window.dispatchEvent(new Event("online"));
    expect(await screen.findByRole("row", { name: /#1001/ })).toBeVisible();
  });

  it("shows orders with their shop, and what they come to", async () => {
    server.use(list([[order(1), order(2, { is_test: true, review_reason: "odd" })]]));
    open("/orders");
    const table = await screen.findByRole("table", { name: "Orders" });
    expect(within(table).getByRole("link", { name: "#1001" })).toHaveAttribute("href", "/orders/1");
    expect((await within(table).findAllByText("Tea and pots")).length).toBe(2);
    expect(within(table).getByText("Test")).toBeVisible();
    expect(within(table).getByText("Look at it")).toBeVisible();
    expect(screen.getByLabelText("Totals")).toHaveTextContent("3 orders€59.97 (€5.00 paid back)");
    expect(screen.getByText("That is all 2.")).toBeVisible();
    expect(asked[0]?.has("cursor")).toBe(false);
  });

  it("goes on page by page", async () => {
    server.use(list([[order(1)], [order(2)], [order(3)]]));
    open("/orders");
    await screen.findByText("#1001");
    await userEvent.click(screen.getByRole("button", { name: "Show more" }));
    await screen.findByText("#1002");
    await userEvent.click(screen.getByRole("button", { name: "Show more" }));
    await screen.findByText("#1003");
    expect(asked.map((query) => query.get("cursor"))).toEqual([null, "1", "2"]);
    expect(screen.queryByRole("button", { name: "Show more" })).toBeNull();
  });

  it("stops where nobody reads on, and says what to do", async () => {
    const many = Array.from({ length: 1000 }, (_, id) => order(id));
    server.use(list([many, [order(1001)]]));
    open("/orders");
    expect(await screen.findByText("The first 1,000 are shown")).toBeVisible();
    const table = screen.getByRole("table");
    expect(table).toHaveAttribute("aria-rowcount", "1001");
    expect(within(table).getAllByRole("row").length).toBeLessThan(300);
  });

  it("asks for what the address says, and writes there what is searched and sorted", async () => {
    server.use(list([[order(1)]]));
    const router = open("/orders?state=open&state=fulfilled&shop=1");
    await screen.findByText("#1001");
    expect(asked[0]?.getAll("state")).toEqual(["open", "fulfilled"]);
    expect(asked[0]?.get("connection_id")).toBe("1");
    expect(screen.getByRole("button", { name: "2 filters" })).toHaveAttribute("aria-expanded", "true");
    await userEvent.type(screen.getByLabelText("Search"), "#1001");
    await waitFor(() => expect(router.state.location.searchStr).toContain("q=%231001"));
    await userEvent.click(await screen.findByRole("button", { name: "Total" }));
    await waitFor(() => expect(asked.at(-1)?.get("sort")).toBe("-total"));
    expect(screen.getByRole("columnheader", { name: /Total/ })).toHaveAttribute("aria-sort", "descending");
  });

  it("goes back from an order to the list as it was, and from a filter that was chosen to none", async () => {
    server.use(list([[order(1)]]), refuses("get", "/orders/1", 404, "not_found"));
    const router = open("/orders");
    await userEvent.click(await screen.findByRole("button", { name: "Total" }));
    await userEvent.type(screen.getByLabelText("Search"), "#1001");
    await waitFor(() => expect(router.state.location.href).toBe("/orders?sort=-total&q=%231001"));
    await userEvent.click(await screen.findByRole("link", { name: "#1001" }));
    const back = await screen.findByRole("link", { name: "All orders" });
    expect(back).toHaveAttribute("href", "/orders?sort=-total&q=%231001");
    await userEvent.click(back);
    expect(await screen.findByLabelText("Search")).toHaveValue("#1001");
    router.history.go(-3);
    await waitFor(() => expect(router.state.location.href).toBe("/orders"));
  });

  it("says of days the wrong way round that none is left", async () => {
    server.use(list([[]]));
    open("/orders?from=2026-11-28&to=2026-11-01");
    expect(await screen.findByLabelText("To")).toHaveAccessibleDescription("It is before “From”: no day is left.");
  });

  it("says once what failed, and asks for all of it again", async () => {
    server.use(
      refuses("get", "/orders", 503, "not_stored"),
      refuses("get", "/orders/totals", 503, "not_stored"),
    );
    open("/orders");
    await screen.findByRole("alert");
    await waitFor(() => expect(screen.queryByLabelText("Totals")).toBeNull());
    expect(screen.getAllByRole("alert")).toHaveLength(1);
    server.use(
      list([[order(1)]]),
      answers("get", "/orders/totals", { count: 1, at_least: false, revenue: [] }),
    );
    await userEvent.click(screen.getByRole("button", { name: "Try again" }));
    await waitFor(() => expect(screen.getByLabelText("Totals")).toHaveTextContent("1 order"));
  });

  it("says that there are none yet, or that filters find none and how to clear them", async () => {
    server.use(list([[]]));
    open("/orders");
    expect(await screen.findByText("No orders yet")).toBeVisible();
  });

  it("leads to connecting a shop where there is none", async () => {
    server.use(list([[]]), answers("get", "/connections", { items: [], next: null }));
    open("/orders");
    expect(await screen.findByText("No shop is connected yet")).toBeVisible();
    expect(screen.getByRole("link", { name: "Connect a shop" })).toHaveAttribute("href", "/connections/new");
  });

  it("clears filters that find nothing", async () => {
    server.use(list([[]]));
    const router = open("/orders?q=nothing&review=true");
    await userEvent.click(await screen.findByRole("button", { name: "Clear all filters" }));
    await waitFor(() => expect(router.state.location.searchStr).toBe(""));
    expect(screen.getByLabelText("Search")).toHaveValue("");
  });

  it("says what failed and tries again", async () => {
    server.use(refuses("get", "/orders", 503, "not_stored"));
    open("/orders");
    const alert = await screen.findByRole("alert");
    server.use(list([[order(1)]]));
    await userEvent.click(within(alert).getByRole("button", { name: "Try again" }));
    expect(await screen.findByText("#1001")).toBeVisible();
  });

  it("exports what the filters find, as whoever is signed in", async () => {
    const seen: string[] = [];
    server.use(
      list([[order(1)]]),
      http.get("*/api/v1/orders.csv", ({ request }) => {
        seen.push(`${new URL(request.url).search} ${request.headers.get("Authorization")}`);
        return new HttpResponse("number\n1001\n", { headers: { "Content-Type": "text/csv" } });
      }),
    );
    const click = vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(() => undefined);
    URL.createObjectURL = () => "blob:x";
    URL.revokeObjectURL = () => undefined;
    open("/orders?state=open");
    await userEvent.click(await screen.findByRole("button", { name: "Export" }));
    await userEvent.click(await screen.findByText("A row for each line (CSV)"));
    await waitFor(() => expect(click).toHaveBeenCalled());
    expect(seen).toEqual(["?state=open&rows=lines Bearer token"]);
  });
});

describe("one order", () => {
  const shipment = {
    id: 70,
    order_id: 1,
    state: "failed",
    lines: [{ order_line_id: 5, sku: "MUG", title: "Mug", quantity: 1 }],
    carrier: "DHL",
    tracking_number: "1Z",
    tracking_url: "https://track.example/1Z",
    created_at: "2026-11-28T09:30:00Z",
    created_by: "anna@example.com",
    waits_for: "connection_paused",
    error_code: "platform_permanent",
    error: "No such line",
    remark: null,
  };
  beforeEach(() => {
    server.use(answers("get", "/orders/1/fulfillments", { items: [], next: null }));
  });

  const line = {
    id: 5,
    external_id: "l5",
    listing_id: 1,
    variant_id: 9,
    sku: "MUG",
    title: "Mug",
    quantity: 2,
    fulfilled_quantity: 0,
    open_quantity: 2,
    unit_price_minor: 900,
    tax_minor: 0,
    discount_minor: 0,
    movements: [
      { id: 1, booked_at: "", cause: "order", variant_id: 9, location_id: 1, on_hand_delta: 0, committed_delta: 2 },
    ],
  };

  it("shows lines, sums, its effect on the stock and what happened", async () => {
    server.use(
      answers("get", "/orders/1", order(1, { lines: [line, { ...line, id: 6, variant_id: null }], tax_minor: 300 })),
      answers("get", "/orders/1/timeline", {
        items: [
          {
            at: "2026-11-28T09:30:00Z",
            kind: "stock",
            text: "2 units reserved for order #1001 at Web shop (Main)",
            code: "reserved",
            values: { count: 2, order: "#1001", shop: "Web shop", place: "Main" },
            made_by: "bob",
            id: 3,
          },
        ],
        next: null,
      }),
    );
    open("/orders/1");
    expect(await screen.findByRole("heading", { name: "Order #1001" })).toBeVisible();
    expect(await screen.findByText(/^Tea and pots · Placed/)).toBeVisible();
    expect(screen.getByText("2 reserved in stock")).toBeVisible();
    expect(screen.getByText("Not linked to your stock, so it moved none")).toBeVisible();
    expect(screen.getAllByRole("cell", { name: "€18.00 €9.00 each" })).toHaveLength(2);
    expect(screen.getByRole("row", { name: /Tax/ })).toHaveTextContent("€3.00");
    expect(await screen.findByText("2 units reserved for order #1001 at Web shop (Main)")).toBeVisible();
    expect(screen.getByText(/by bob/)).toBeVisible();
  });

  function page(more: object = {}) {
    server.use(
      answers("get", "/orders/1", order(1, { lines: [line], ...more })),
      answers("get", "/orders/1/timeline", { items: [], next: null }),
    );
  }

  it("is shipped with tracking, in part", async () => {
    const bodies: Record<string, unknown>[] = [];
    page();
    server.use(
      http.post("*/api/v1/orders/1/fulfillments", async ({ request }) => {
        bodies.push((await request.json()) as Record<string, unknown>);
        return HttpResponse.json({ ...shipment, state: "pending" }, { status: 201 });
      }),
    );
    open("/orders/1");
    await userEvent.click(await screen.findByRole("button", { name: "Mark 2 units as shipped" }));
    const dialog = await screen.findByRole("dialog", { name: "Mark order #1001 as shipped" });
    const units = within(dialog).getByLabelText("Units of Mug");
    await waitFor(() => expect(units).toHaveFocus(), { timeout: 2000 });
    await userEvent.clear(units);
    await userEvent.type(units, "1.5{Enter}");
    expect(units).toHaveAccessibleDescription("That is not certain as a number. Write it like 1,234 or 1234.");
    await userEvent.clear(units);
    await userEvent.type(units, "1");
    await userEvent.type(within(dialog).getByLabelText("Carrier"), "DHL");
    await userEvent.type(within(dialog).getByLabelText("Tracking link"), "https://track.example/1Z");
    await userEvent.click(within(dialog).getByRole("button", { name: "Mark 1 unit as shipped" }));
    expect(within(dialog).getByText("A link needs a number.")).toBeVisible();
    expect(bodies).toEqual([]);
    await userEvent.type(within(dialog).getByLabelText("Tracking number"), "1Z");
    await userEvent.click(within(dialog).getByRole("button", { name: "Mark 1 unit as shipped" }));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(bodies).toEqual([
      {
        lines: [{ order_line_id: 5, quantity: 1 }],
        carrier: "DHL",
        tracking_number: "1Z",
        tracking_url: "https://track.example/1Z",
        notify_customer: true,
        key: expect.stringMatching(/^[0-9a-f]{32}$/),
      },
    ]);
  });

  it("says in the form why a shipment is refused, and ships it under the same key", async () => {
    const keys: unknown[] = [];
    page();
    server.use(
      http.post("*/api/v1/orders/1/fulfillments", async ({ request }) => {
        keys.push(((await request.json()) as Record<string, unknown>)["key"]);
        const problem = { status: 409, code: "quantity_exceeds_open", detail: "" };
        return HttpResponse.json(problem, { status: 409 });
      }),
    );
    open("/orders/1");
    await userEvent.click(await screen.findByRole("button", { name: "Mark 2 units as shipped" }));
    const dialog = await screen.findByRole("dialog");
    await userEvent.click(within(dialog).getByRole("button", { name: "Mark 2 units as shipped" }));
    expect(await within(dialog).findByRole("alert")).toHaveTextContent("That is more than is left to ship");
    await userEvent.click(within(dialog).getByRole("button", { name: "Mark 2 units as shipped" }));
    await waitFor(() => expect(keys.length).toBe(2));
    expect(keys[0]).toBe(keys[1]);
  });

  it("shows shipments with their tracking, what they wait for, and tries failed ones again", async () => {
    const calls: string[] = [];
    page({ state: "cancelled" });
    server.use(
      answers("get", "/orders/1/fulfillments", { items: [shipment], next: null }),
      http.post("*/api/v1/fulfillments/70/:action", ({ params }) => {
        calls.push(String(params["action"]));
        return HttpResponse.json(shipment);
      }),
    );
    open("/orders/1");
    const card = await screen.findByRole("article", { name: "Shipment 70" });
    expect(card).toHaveTextContent("1 × Mug");
    expect(card).toHaveTextContent("It waits until the shop is synced again");
    expect(card).toHaveTextContent("The shop refuses thatNo such line");
    expect(within(card).getByRole("link", { name: "1Z" })).toHaveAttribute("href", "https://track.example/1Z");
    expect(screen.queryByRole("button", { name: /as shipped$/ })).toBeNull();
    await userEvent.click(await within(card).findByRole("button", { name: "Try again" }));
    await userEvent.click(within(card).getByRole("button", { name: "Give up" }));
    const dialog = await screen.findByRole("dialog", { name: "Give this shipment up?" });
    expect(dialog).toHaveTextContent("The 1 unit in it can be marked as shipped anew");
    expect(calls).toEqual(["retry"]);
    await userEvent.click(within(dialog).getByRole("button", { name: "Give up" }));
    await waitFor(() => expect(calls).toEqual(["retry", "cancel"]));
  });

  it("is not there for another account", async () => {
    server.use(
      refuses("get", "/orders/1", 404, "not_found"),
      refuses("get", "/orders/1/timeline", 404, "not_found"),
    );
    open("/orders/1");
    expect(await screen.findByRole("alert")).toHaveTextContent("It is not there");
    expect(screen.getByRole("link", { name: "All orders" })).toHaveAttribute("href", "/orders");
  });
});
