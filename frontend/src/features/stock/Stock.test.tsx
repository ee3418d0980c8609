import { notifications } from "@mantine/notifications";
import { act, configure, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { session } from "@/session/session";
import { ME, open, signedIn, token } from "@/test/app";
import { answers, refuses, server } from "@/test/server";
import { variantPage } from "@/test/variants";

function sku(id: number, more: object = {}) {
  const level = { location_id: 1, location: "Main", on_hand: 10, committed: 2, available: 8 };
  return {
    variant_id: id,
    sku: `MUG-${id}`,
    title: `Mug no. ${id}`,
    is_bundle: false,
    archived_at: null,
    on_hand: 10,
    committed: 2,
    available: 8,
    low_stock_threshold: null,
    levels: [level],
    channels: [],
    ...more,
  };
}

function channel(more: object = {}) {
  return {
    connection_id: 1,
    connection_name: "Tea and pots",
    platform: "shopify",
    location_id: 1,
    expected: 8,
    target: 8,
    state: "active",
    drift: 0,
    held: false,
    dirty: false,
    error: "",
    synced_at: "2026-11-28T09:30:00Z",
    ...more,
  };
}

let asked: URLSearchParams[] = [];
let sent: { path: string; body: Record<string, unknown> }[] = [];

/** Pages of SKUs, as the API gives them: 100 each, but for the last one. */
function list(count: number, of: (id: number) => object = sku) {
  asked = [];
  return http.get("*/api/v1/stock", ({ request }) => {
    const query = new URL(request.url).searchParams;
    asked.push(query);
    const first = Number(query.get("cursor") ?? 0);
    const items = Array.from({ length: Math.min(100, count - first) }, (_, index) => of(first + index + 1));
    return HttpResponse.json({ items, next: first + 100 < count ? String(first + 100) : null });
  });
}

/** Takes what is posted to a path below /api/v1/, and remembers it. */
function takes(path: string, status = 200) {
  return http.post(`*/api/v1${path}`, async ({ request }) => {
    const body = (await request.json()) as Record<string, unknown>;
    sent.push({ path: new URL(request.url).pathname.replace("/api/v1", ""), body });
    return status === 200
      ? HttpResponse.json({})
      : HttpResponse.json({ status, code: "invalid_input", detail: "No." }, { status });
  });
}

/** As a browser does, in a window of ten rows. */
function scrolls() {
  vi.spyOn(Element.prototype, "clientHeight", "get").mockReturnValue(11 * 44);
  vi.spyOn(Element.prototype, "scrollTo").mockImplementation(function (this: Element, to) {
    this.scrollTop = (to as ScrollToOptions).top ?? 0;
    this.dispatchEvent(new Event("scroll"));
  } as Element["scrollTo"]);
}

afterEach(() => void notifications.clean());
beforeEach(() => {
  signedIn();
  sent = [];
  server.use(
    answers("get", "/connections", { items: [{ id: 1, name: "Tea and pots", state: "active" }], next: null }),
    answers("get", "/locations", {
      items: [
        { id: 1, name: "Main" },
        { id: 2, name: "Attic" },
      ],
      next: null,
    }),
    answers("get", "/stock/count", { count: 3, at_least: false }),
    answers("get", "/saved-views", { items: [], next: null }),
  );
});

/** jsdom lays nothing out, so that what floats beside something counts as out of sight. */
const floating = { hidden: true };
const grid = () => screen.findByRole("grid", { name: "Inventory" });

describe("the inventory", () => {
  it("shows each SKU beside what is at each place and what each shop shows", async () => {
    const behind = channel({ expected: 9, target: 8 });
    server.use(list(2, (id) => sku(id, { channels: id === 1 ? [channel()] : [behind] })));
    open("/stock");
    const table = await grid();
    const [, first, second] = within(table).getAllByRole("row");
    expect(within(table).getByRole("link", { name: "MUG-1" })).toHaveAttribute("href", "/stock/1");
    expect(await within(table).findByRole("columnheader", { name: "Tea and pots" })).toBeVisible();
    expect(first).toHaveTextContent(/^MUG-1 Mug no. 1810210–8/);
    expect(within(second as HTMLElement).getByRole("img", { name: /^It should show 8, and will be written/ })).toBeInTheDocument();
    expect(asked[0]?.toString()).toBe("archived=no&sort=sku&limit=100");
    expect(await screen.findByText(/of 3 SKUs/)).toBeVisible();
  });

  it("says on a telephone what is to be said of the shops' numbers, how to decide, and how many there are", async () => {
    vi.spyOn(window, "matchMedia").mockImplementation(
      (query) =>
        ({ matches: query.includes("max-width"), media: query, addEventListener: vi.fn(), removeEventListener: vi.fn() }) as unknown as MediaQueryList,
    );
    const other = { connection_id: 2, connection_name: "Plates" };
    const refused = { connection_id: 3, connection_name: "Cups", state: "failed", error: "Gone." };
    const held = [channel({ ...other, held: true }), channel({ connection_id: 4, connection_name: "Pans", held: true })];
    const channels = [channel(), channel(refused), ...held];
    server.use(
      list(2, (id) => sku(id, { channels: id === 1 ? channels : [channel({ state: "failed", error: "Gone." })] })),
      answers("get", "/brakes", { items: [], next: null }),
      answers("get", "/reviews", { items: [], next: null }),
      answers("get", "/variants/1", { id: 1, sku: "MUG-1", title: "Mug no. 1" }),
    );
    open("/stock");
    const cards = within(await screen.findByRole("list", { name: "Inventory" }));
    const [first, second] = await cards.findAllByRole("listitem");
    expect(first).toHaveTextContent(/Plates 8, held Decide · Pans 8, held · Cups 8, refused · Tea and pots 8$/);
    expect(within(first as HTMLElement).getAllByRole("img", { name: /^Held at 8 until you decide/ })).toHaveLength(2);
    expect(second).toHaveTextContent(/Tea and pots 8, refused$/);
    expect(within(second as HTMLElement).getByRole("img", { name: "The shop refuses the number: Gone." })).toBeInTheDocument();
    expect(await screen.findByText("This list has 3 SKUs.")).toBeVisible();
    const decide = cards.getByRole("link", { name: "Decide" });
    expect(decide).toHaveAttribute("href", "/reviews?variant=1");
    await userEvent.click(decide);
    expect(await screen.findByText("Only what holds the numbers of MUG-1.")).toBeVisible();
  });

  it("says that a number is held until somebody decides, and leads there", async () => {
    server.use(
      list(2, (id) => sku(id, { channels: [channel({ held: id === 2 })] })),
      answers("get", "/brakes", { items: [], next: null }),
      answers("get", "/reviews", { items: [], next: null }),
      answers("get", "/variants/2", { id: 2, sku: "MUG-2", title: "Mug no. 2" }),
    );
    const router = open("/stock");
    const held = "Held at 8 until you decide about a number that was changed by hand.";
    const link = await within(await grid()).findByRole("link", { name: held });
    expect(link).toHaveAttribute("href", "/reviews?variant=2");
    await userEvent.click(link);
    expect(await screen.findByText("Only what holds the numbers of MUG-2.")).toBeVisible();
    expect(router.state.location.href).toBe("/reviews?variant=2");
  });

  it("says of a bundle how many can be made, and that it has no stock of its own", async () => {
    const level = { location_id: 1, location: "Main", on_hand: 0, committed: 0, available: 0 };
    const own = { on_hand: 0, committed: 0, levels: [level] };
    server.use(
      list(2, (id) => (id === 1 ? sku(1, { ...own, is_bundle: true, available: 15 }) : sku(2, { ...own, available: 0 }))),
    );
    open("/stock");
    const [, bundle, plain] = within(await grid()).getAllByRole("row");
    expect(bundle).toHaveTextContent("15–––");
    expect(plain).toHaveTextContent("0000");
  });

  it("has few rows in the document, however many there are, and asks for those in sight", async () => {
    server.use(list(100_000), answers("get", "/stock/count", { count: 100_000, at_least: false }));
    open("/stock");
    const table = await grid();
    await waitFor(() => expect(table).toHaveAttribute("aria-rowcount", "100001"));
    expect(within(table).getAllByRole("row").length).toBeLessThan(60);
    scrolls();
    within(table).getAllByRole("row")[1]?.focus();
    for (let ends = 0; ends < 3; ends += 1) {
      const before = asked.length;
      await userEvent.keyboard("{End}");
      await waitFor(() => expect(asked.length).toBeGreaterThan(before));
    }
    // Each page once, and the focus went along.
    const cursors = asked.map((_query, page) => (page === 0 ? null : String(100 * page)));
    expect(asked.map((query) => query.get("cursor"))).toEqual(cursors);
    expect(Number(document.activeElement?.getAttribute("aria-rowindex"))).toBeGreaterThan(200);
    expect(within(table).getAllByRole("row").length).toBeLessThan(60);
  });

  it("is as far scrolled as it was left, but not for another account", async () => {
    scrolls();
    server.use(list(100), answers("get", "/imports", { items: [], next: null }));
    const router = open("/stock");
    within(await grid()).getAllByRole("row")[1]?.focus();
    await userEvent.keyboard("{End}");
    const left = screen.getByTestId("stock").scrollTop;
    expect(left).toBeGreaterThan(0);
    await router.navigate({ to: "/imports" });
    await screen.findByRole("heading", { name: "Imports" });
    await router.navigate({ to: "/stock" });
    await grid();
    expect(screen.getByTestId("stock").scrollTop).toBe(left);
    act(() => session.begin(token(8)));
    await waitFor(() => expect(screen.getByTestId("stock").scrollTop).toBe(0));
  });

  it("asks for what the address says, and writes there what is searched and sorted", async () => {
    server.use(list(1));
    const router = open("/stock?low=true&listed=no&shop=1&archived=any");
    await grid();
    expect(asked[0]?.toString()).toBe(
      "archived=any&connection_id=1&low_stock=true&has_listings=false&sort=sku&limit=100",
    );
    expect(screen.getByRole("button", { name: "4 filters" })).toHaveAttribute("aria-expanded", "true");
    await userEvent.type(screen.getByLabelText("Search"), "mug");
    await waitFor(() => expect(router.state.location.searchStr).toContain("q=mug"));
    await userEvent.click(await screen.findByRole("button", { name: "Name" }));
    await waitFor(() => expect(asked.at(-1)?.get("sort")).toBe("title"));
    expect(await screen.findByRole("columnheader", { name: /Name/ })).toHaveAttribute("aria-sort", "ascending");
  });

  it("says that there are none yet, or that filters find none and how to clear them", async () => {
    server.use(list(0));
    const router = open("/stock?q=nothing");
    expect(await screen.findByText(/part of a name, an SKU or a barcode/)).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Clear all filters" }));
    expect(await screen.findByText("No SKUs yet")).toBeVisible();
    expect(router.state.location.searchStr).toBe("");
  });

  it("says what failed and tries again", async () => {
    server.use(refuses("get", "/stock", 503, "not_stored"));
    open("/stock");
    const alert = await screen.findByRole("alert");
    server.use(list(1));
    await userEvent.click(within(alert).getByRole("button", { name: "Try again" }));
    expect(await screen.findByText("MUG-1")).toBeVisible();
  });

  it("follows events with its rows and with how many there are", async () => {
    let tell: () => void = () => undefined;
    const body = new ReadableStream({
      start: (stream) => (tell = () => stream.enqueue(new TextEncoder().encode("event: stock.changed\ndata: {}\n\n"))),
    });
    server.use(
      list(2),
      http.get("*/api/v1/live", () => new HttpResponse(body, { headers: { "Content-Type": "text/event-stream" } })),
    );
    open("/stock");
    expect(await screen.findByText(/of 3 SKUs/)).toBeVisible();
    server.use(list(1), answers("get", "/stock/count", { count: 1, at_least: false }));
    tell();
    await waitFor(() => expect(screen.queryByText("MUG-2")).toBeNull());
    expect(await screen.findByText(/of 1 SKU$/)).toBeVisible();
  });

  it("has the columns that are chosen, also the next time", async () => {
    server.use(list(1));
    open("/stock");
    await grid();
    await userEvent.click(screen.getByRole("button", { name: "Columns" }));
    await userEvent.click(await screen.findByRole("checkbox", { name: "Low at", ...floating }));
    expect(await screen.findByRole("columnheader", { name: "Low at" })).toBeVisible();
    expect((await screen.findAllByText("10 (as in the account)")).length).toBeGreaterThan(0);
    expect(JSON.parse(localStorage.getItem("syncflow.stock.columns") ?? "")).toContain("threshold");
    await userEvent.click(screen.getByRole("button", { name: "The usual ones", ...floating }));
    await waitFor(() => expect(screen.queryByRole("columnheader", { name: "Low at" })).toBeNull());
  });

  it("opens a kept view, and keeps one", async () => {
    const view = { id: 4, resource: "stock", name: "Running low", sort: "-title", shared: true, mine: false, version: 1 };
    server.use(
      list(1),
      answers("get", "/saved-views", {
        items: [{ ...view, filters: { low: true, columns: ["threshold"] } }],
        next: null,
      }),
      takes("/saved-views"),
    );
    const router = open("/stock");
    await grid();
    await userEvent.click(screen.getByRole("button", { name: "Views" }));
    await userEvent.click(await screen.findByRole("button", { name: /Running low/, ...floating }));
    await waitFor(() => expect(router.state.location.searchStr).toBe("?low=true&sort=-title"));
    expect(await screen.findByRole("columnheader", { name: "Low at" })).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Views" }));
    await userEvent.type(await screen.findByLabelText("Keep what is shown as"), "Mine");
    await userEvent.click(screen.getByRole("button", { name: "Keep it", ...floating }));
    await waitFor(() => expect(sent.length).toBe(1));
    expect(sent[0]?.body).toEqual({
      resource: "stock",
      name: "Mine",
      filters: { low: true, columns: ["threshold"] },
      sort: "-title",
      shared: false,
    });
  });
});

describe("more than is shown", () => {
  it("is said of locations, beside every choice of one", async () => {
    const places = [
      { id: 1, name: "Main" },
      { id: 2, name: "Attic" },
    ];
    server.use(list(1), answers("get", "/locations", { items: places, next: "more" }));
    open("/stock");
    await grid();
    expect(await screen.findByText(/^You have more locations than the 2/)).toBeVisible();
    await userEvent.click(await screen.findByRole("button", { name: "MUG-1: 10 on hand, adjust" }));
    const dialog = within(await screen.findByRole("dialog"));
    expect(dialog.getByText(/^You have more locations than the 2/)).toBeInTheDocument();
  });

  it("comes page by page of views", async () => {
    const view = { id: 4, resource: "stock", filters: {}, sort: "", shared: false, mine: true, version: 1 };
    server.use(
      list(1),
      http.get("*/api/v1/saved-views", ({ request }) => {
        const isFirst = new URL(request.url).searchParams.get("cursor") === null;
        const found = isFirst ? { ...view, name: "Running low" } : { ...view, id: 5, name: "Sold out" };
        return HttpResponse.json({ items: [found], next: isFirst ? "more" : null });
      }),
    );
    open("/stock");
    await grid();
    await userEvent.click(screen.getByRole("button", { name: "Views" }));
    expect(await screen.findByRole("button", { name: "Running low", ...floating })).toBeVisible();
    await userEvent.click(await screen.findByRole("button", { name: "Show more", ...floating }));
    expect(await screen.findByRole("button", { name: "Sold out", ...floating })).toBeVisible();
    expect(screen.queryByRole("button", { name: "Show more", ...floating })).toBeNull();
    await userEvent.type(screen.getByLabelText("Keep what is shown as"), "Sold out");
    expect(screen.getByRole("button", { name: "Replace it", ...floating })).toBeVisible();
  });
});

describe("changing stock in the list", () => {
  const onHand = (name: string) => screen.findByRole("button", { name });

  async function adjust(units: string, from = "MUG-1: 10 on hand, adjust") {
    await userEvent.click(await onHand(from));
    const dialog = await screen.findByRole("dialog", floating);
    const field = await within(dialog).findByLabelText("Units on hand");
    await userEvent.clear(field);
    await userEvent.type(field, `${units}{Enter}`);
  }

  it("shows the new number at once, books the difference, and takes it back", async () => {
    let answer: () => void = () => undefined;
    const waits = new Promise<void>((resolve) => (answer = resolve));
    server.use(
      list(1),
      http.post("*/api/v1/stock/adjustments", async ({ request }) => {
        sent.push({ path: "", body: (await request.json()) as Record<string, unknown> });
        await waits;
        return HttpResponse.json({});
      }),
    );
    open("/stock");
    await adjust("7");
    expect(await onHand("MUG-1: 7 on hand, adjust")).toBeVisible();
    server.use(list(1, (id) => sku(id, { on_hand: 7, available: 5 })));
    answer();
    await userEvent.click(await screen.findByRole("button", { name: "Undo" }));
    await waitFor(() => expect(sent.length).toBe(2));
    const [first, second] = sent.map(({ body }) => body);
    expect(first).toMatchObject({ variant_id: 1, location_id: 1, delta: -3, reason: "correction", note: "" });
    expect(second).toMatchObject({ delta: 3, reason: "correction", note: "Taken back" });
    expect(first?.["key"]).not.toBe(second?.["key"]);
  });

  it("shows the old number again where it was refused", async () => {
    server.use(list(1), takes("/stock/adjustments", 422));
    open("/stock");
    await adjust("7");
    expect(await screen.findByText("Something in it is not right")).toBeVisible();
    expect(await onHand("MUG-1: 10 on hand, adjust")).toBeVisible();
  });

  it("takes a refused change off only what was not read anew meanwhile", async () => {
    let refuse: () => void = () => undefined;
    const waits = new Promise<void>((resolve) => (refuse = resolve));
    server.use(
      list(1),
      http.post("*/api/v1/stock/adjustments", async () => {
        await waits;
        return HttpResponse.json({ status: 422, code: "invalid_input", detail: "No." }, { status: 422 });
      }),
    );
    const router = open("/stock");
    await adjust("7");
    expect(await onHand("MUG-1: 7 on hand, adjust")).toBeVisible();
    await router.options.context.queries.invalidateQueries({ queryKey: ["get", "/api/v1/stock"] });
    expect(await onHand("MUG-1: 10 on hand, adjust")).toBeVisible();
    server.use(refuses("get", "/stock", 503, "not_stored"));
    refuse();
    expect(await screen.findByText("Something in it is not right")).toBeVisible();
    expect(await onHand("MUG-1: 10 on hand, adjust")).toBeVisible();
  });

  it("takes off what was refused, and leaves what was changed meanwhile", async () => {
    const answers: (() => void)[] = [];
    server.use(
      list(1),
      http.post("*/api/v1/stock/adjustments", async () => {
        const nth = answers.length;
        await new Promise<void>((resolve) => answers.push(resolve));
        return nth === 0
          ? HttpResponse.json({ status: 422, code: "invalid_input", detail: "No." }, { status: 422 })
          : HttpResponse.json({});
      }),
    );
    open("/stock");
    await adjust("7");
    await onHand("MUG-1: 7 on hand, adjust");
    await waitFor(() => expect(answers).toHaveLength(1));
    await adjust("9", "MUG-1: 7 on hand, adjust");
    await onHand("MUG-1: 9 on hand, adjust");
    await waitFor(() => expect(answers).toHaveLength(2));
    server.use(refuses("get", "/stock", 503, "not_stored"));
    answers[0]?.();
    expect(await onHand("MUG-1: 12 on hand, adjust")).toBeVisible();
  });

  it("books nothing that nobody typed where the number moves beneath the form", async () => {
    let onHandNow = 10;
    let committed = 2;
    const level = { location_id: 1, location: "Main", available: 8 };
    server.use(
      list(1, (id) => sku(id, { on_hand: onHandNow, levels: [{ ...level, on_hand: onHandNow, committed }] })),
      takes("/stock/adjustments"),
    );
    const router = open("/stock");
    await userEvent.click(await onHand("MUG-1: 10 on hand, adjust"));
    const field = await screen.findByLabelText("Units on hand");
    expect(field).toHaveAccessibleDescription("2 of them are reserved for orders: count them too.");
    onHandNow = 8;
    committed = 0;
    await router.options.context.queries.invalidateQueries({ queryKey: ["get", "/api/v1/stock"] });
    await waitFor(() => expect(field).toHaveValue("8"));
    expect(field).toHaveAccessibleDescription("");
    await userEvent.type(screen.getByLabelText("Note"), "Counted{Enter}");
    expect(field).toBeInTheDocument();
    await userEvent.clear(field);
    await userEvent.type(field, "7{Enter}");
    await waitFor(() => expect(sent.map(({ body }) => body["delta"])).toEqual([-1]));
  });

  it("takes a part of a unit for what it is, and books nothing", async () => {
    server.use(list(1), takes("/stock/adjustments"));
    open("/stock");
    for (const units of ["1,5", "1.5"]) {
      await adjust(units);
      expect(await screen.findByLabelText("Units on hand")).toHaveAccessibleDescription(/not certain as a number/);
      await userEvent.keyboard("{Escape}");
    }
    expect(sent).toEqual([]);
  });

  it("is not for viewers, nor for bundles", async () => {
    server.use(answers("get", "/me", { ...ME, role: "viewer" }), list(1));
    open("/stock");
    await grid();
    expect(screen.queryByRole("button", { name: /adjust/ })).toBeNull();
  });

  it("goes by keyboard: rows, selection, and what is done to it", async () => {
    server.use(list(3), takes("/stock/adjustments"));
    open("/stock");
    const table = await grid();
    await onHand("MUG-3: 10 on hand, adjust");
    const rows = () => within(table).getAllByRole("row").slice(1);
    rows()[0]?.focus();
    await userEvent.keyboard(" {ArrowDown}");
    await waitFor(() => expect(rows()[1]).toHaveFocus());
    await userEvent.keyboard("{ArrowDown}");
    await waitFor(() => expect(rows()[2]).toHaveFocus());
    await userEvent.keyboard("{Shift>} {/Shift}");
    expect(rows().map((row) => row.getAttribute("aria-selected"))).toEqual(["true", "true", "true"]);
    await userEvent.click(screen.getByRole("button", { name: "Add or take off …" }));
    const units = await screen.findByLabelText("Units of each");
    await userEvent.type(units, "1,5");
    expect(screen.getByRole("button", { name: "Do it for 3 SKUs" })).toBeDisabled();
    await userEvent.clear(units);
    await userEvent.type(units, "5");
    await userEvent.click(screen.getByRole("button", { name: "Do it for 3 SKUs" }));
    expect(await screen.findByText("Done for 3 SKUs.")).toBeVisible();
    expect(sent.map(({ body }) => [body["variant_id"], body["delta"], body["reason"]])).toEqual([
      [1, 5, "received"],
      [2, 5, "received"],
      [3, 5, "received"],
    ]);
    await userEvent.click(screen.getByRole("button", { name: "Undo" }));
    await waitFor(() => expect(sent.slice(3).map(({ body }) => body["delta"])).toEqual([-5, -5, -5]));
    rows()[1]?.focus();
    await userEvent.keyboard("{Escape}");
    expect(rows()[1]).toHaveAttribute("aria-selected", "false");
  });

  it("has the focus back where its form was opened from", async () => {
    server.use(list(3), takes("/stock/adjustments"));
    open("/stock");
    const table = await grid();
    await onHand("MUG-2: 10 on hand, adjust");
    const row = within(table).getAllByRole("row")[2] as HTMLElement;
    const field = () => screen.findByLabelText("Units on hand");
    row.focus();
    await userEvent.keyboard("a");
    await waitFor(async () => expect(await field()).toHaveFocus());
    await userEvent.keyboard("{Escape}");
    await waitFor(() => expect(row).toHaveFocus());
    await userEvent.keyboard("a");
    await waitFor(async () => expect(await field()).toHaveFocus());
    await userEvent.keyboard("7{Enter}");
    await waitFor(() => expect(row).toHaveFocus());
    const button = () => screen.getByRole("button", { name: /^MUG-2: .* adjust$/ });
    button().focus();
    await userEvent.keyboard("{Enter}");
    await waitFor(async () => expect(await field()).toHaveFocus());
    await userEvent.keyboard("{Escape}");
    await waitFor(() => expect(button()).toHaveFocus());
  });

  it("keeps the focus in a row's form, and its keys from the list", async () => {
    server.use(list(3));
    const router = open("/stock");
    const table = await grid();
    await onHand("MUG-2: 10 on hand, adjust");
    const row = within(table).getAllByRole("row")[2] as HTMLElement;
    row.focus();
    await userEvent.keyboard("a");
    const field = await screen.findByLabelText("Units on hand");
    await waitFor(() => expect(field).toHaveFocus());
    const form = field.closest("form");
    const seen = new Set<Element | null>();
    for (let tabs = 0; tabs < 8; tabs += 1) {
      await userEvent.tab();
      expect(form).toContainElement(document.activeElement as HTMLElement);
      seen.add(document.activeElement);
    }
    expect(seen).toContain(field);
    screen.getByLabelText("Note").focus();
    await userEvent.keyboard("a {ArrowDown}{End}");
    expect(screen.getByLabelText("Note")).toHaveFocus();
    expect(screen.getByLabelText("Note")).toHaveValue("a ");
    within(form as HTMLElement).getByText("Cancel").closest("button")?.focus();
    await userEvent.keyboard("{Escape}");
    await waitFor(() => expect(row).toHaveFocus());
    expect(screen.queryByLabelText("Units on hand")).toBeNull();
    expect(router.state.location.pathname).toBe("/stock");
  });

  it("takes a threshold back to what it was just before, though it was another when its row was selected", async () => {
    let low_stock_threshold: number | null = null;
    const set: (number | null)[] = [];
    server.use(
      list(1, (id) => sku(id, { low_stock_threshold })),
      http.get("*/api/v1/variants/1", () => HttpResponse.json({ id: 1, low_stock_threshold })),
      http.patch("*/api/v1/stock/1", async ({ request }) => {
        ({ low_stock_threshold } = (await request.json()) as { low_stock_threshold: number | null });
        set.push(low_stock_threshold);
        return HttpResponse.json({});
      }),
    );
    open("/stock");
    await userEvent.click(await screen.findByRole("checkbox", { name: /Select MUG/ }));
    for (const units of ["5", "8"]) {
      await userEvent.click(screen.getByRole("button", { name: "Low at …" }));
      await userEvent.type(await screen.findByLabelText("Low at so many units"), `${units}{Enter}`);
      await waitFor(() => expect(set.at(-1)).toBe(Number(units)));
      await screen.findAllByText("Done for 1 SKU.");
      if (units === "5") notifications.clean();
    }
    await userEvent.click(await screen.findByRole("button", { name: "Undo" }));
    await waitFor(() => expect(set).toEqual([5, 8, 5]));
  });

  it("tells whoever left meanwhile how it ended, and does nothing twice", async () => {
    const archived: unknown[] = [];
    let answer: () => void = () => undefined;
    const waits = new Promise<void>((resolve) => (answer = resolve));
    server.use(
      list(2),
      answers("get", "/imports", { items: [], next: null }),
      http.post("*/api/v1/variants/:id/archive", async ({ params }) => {
        archived.push(params["id"]);
        await waits;
        return params["id"] === "1"
          ? HttpResponse.json({})
          : HttpResponse.json({ status: 409, code: "variant_in_use", detail: "" }, { status: 409 });
      }),
    );
    configure({ reactStrictMode: true });
    const router = open("/imports");
    configure({ reactStrictMode: false });
    await screen.findByRole("heading", { name: "Imports" });
    await router.navigate({ to: "/stock" });
    for (const each of await screen.findAllByRole("checkbox", { name: /Select MUG/ })) {
      await userEvent.click(each);
    }
    await userEvent.click(screen.getByRole("button", { name: "Archive" }));
    await screen.findByRole("dialog", { name: "Working on it" });
    router.history.back();
    await screen.findByRole("heading", { name: "Imports" });
    answer();
    const alert = (await screen.findByText("Some were refused")).closest<HTMLElement>("[role=alert]");
    expect(alert).toHaveTextContent("MUG-2: The variant is still used");
    expect(await screen.findByText("Done for 1 SKU.")).toBeVisible();
    expect(screen.getByRole("button", { name: "Undo" })).toBeVisible();
    expect(archived).toEqual(["1", "2"]);
  });

  it.each(["closed", "left"])("tells which of many were refused, and why, and what was done once that is %s", async (how) => {
    server.use(
      list(2),
      answers("get", "/imports", { items: [], next: null }),
      answers("post", "/variants/1/archive", {}),
      refuses("post", "/variants/2/archive", 409, "variant_in_use"),
    );
    const router = open("/stock");
    for (const each of await screen.findAllByRole("checkbox", { name: /Select MUG/ })) {
      await userEvent.click(each);
    }
    await userEvent.click(screen.getByRole("button", { name: "Archive" }));
    const dialog = await screen.findByRole("dialog", { name: "Some were refused" });
    expect(dialog).toHaveTextContent("MUG-2: The variant is still used");
    expect(dialog).not.toHaveTextContent("MUG-1");
    if (how === "closed") {
      await userEvent.click(within(dialog).getAllByRole("button", { name: "Close" }).at(-1) as HTMLElement);
    } else {
      await router.navigate({ to: "/imports" });
    }
    expect(await screen.findByText("Done for 1 SKU.")).toBeVisible();
  });
});

describe("exporting", () => {
  it("makes a file of what the filters find", async () => {
    const seen: string[] = [];
    server.use(
      list(1),
      http.get("*/api/v1/variants.csv", ({ request }) => {
        seen.push(new URL(request.url).search);
        return new HttpResponse("sku\nMUG-1\n", { headers: { "Content-Type": "text/csv" } });
      }),
    );
    const click = vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(() => undefined);
    URL.createObjectURL = () => "blob:x";
    URL.revokeObjectURL = () => undefined;
    open("/stock?low=true&shop=1");
    await grid();
    await userEvent.click(screen.getByRole("button", { name: "Export" }));
    await userEvent.click(await screen.findByText(/^Catalog/));
    await waitFor(() => expect(click).toHaveBeenCalled());
    expect(seen).toEqual(["?archived=no&low_stock=true"]);
  });
});

describe("one SKU", () => {
  const detail = {
    ...sku(1),
    id: 1,
    product_id: 1,
    product_title: "Mugs",
    barcode: null,
    currency: "EUR",
    price_minor: 1250,
    unit_cost_minor: null,
    listing_count: 1,
    created_at: "2026-11-01T00:00:00Z",
    listings: [
      {
        id: 3,
        connection_id: 1,
        external_id: "e",
        external_product_id: "p",
        sku: "MUG-1",
        title: "Blue mug",
        factor: 6,
        variant_id: 1,
        unlinked_reason: null,
        cell_state: "active",
        expected: 1,
        error: "",
        error_said: null,
        paused: false,
        share_percent: 80,
        buffer: null,
        cap: null,
        fixed_quantity: null,
        price: null,
      },
    ],
    components: [],
    part_of: [{ variant_id: 9, sku: "SET", title: "Set of mugs", quantity: 2 }],
  };

  it("shows levels, shops, listings and bundles, and why its number is what it is", async () => {
    server.use(
      answers("get", "/variants/1", detail),
      answers("get", "/stock", { items: [sku(1, { channels: [channel({ state: "failed", error: "Gone." })] })], next: null }),
      answers("get", "/stock/1/history", { time_zone: "UTC", periods: [], levels: [] }),
      answers("get", "/stock/1/why", {
        items: [
          {
            at: "2026-11-28T09:30:00Z",
            kind: "movement",
            text: "2 units reserved for order #1000 at Web shop",
            code: "reserved",
            values: { count: 2, order: "#1000", shop: "Web shop" },
            id: 1,
            location: "Main",
            connection_id: null,
            order_id: 5,
            on_hand_after: 10,
            committed_after: 2,
          },
        ],
        next: null,
      }),
    );
    open("/stock/1");
    expect(await screen.findByRole("heading", { name: "Mug no. 1" })).toBeVisible();
    expect(screen.getByRole("heading", { name: "Why is this 8?" })).toBeVisible();
    expect(await screen.findByText("2 units reserved for order #1000 at Web shop")).toBeVisible();
    expect(screen.getByText("8 available, 10 on hand after it").parentElement?.textContent).toMatch(
      /\u00a0· Main\u00a0· 8 available, 10 on hand after it\u00a0· The order$/,
    );
    expect(screen.getByRole("link", { name: "The order" })).toHaveAttribute("href", "/orders/5");
    expect(screen.getByText("The shop refuses the number: Gone.")).toBeVisible();
    expect(screen.getByText("packs of 6 · 80 % of it")).toBeVisible();
    expect(screen.getByRole("link", { name: "SET" })).toHaveAttribute("href", "/stock/9");
    expect(screen.getByText("€12.50")).toBeVisible();
    expect(await screen.findByText("Nothing was booked in this time.")).toBeVisible();
  });

  it("draws as many days of the account as are chosen, wherever the browser is", async () => {
    vi.spyOn(Date, "now").mockReturnValue(Date.parse("2026-11-28T23:30:00Z"));
    signedIn();
    const asked: (string | null)[] = [];
    server.use(
      answers("get", "/account/reporting", { time_zone: "Pacific/Kiritimati", currency: null, rates: [] }),
      http.get("*/api/v1/stock/1/history", ({ request }) => {
        asked.push(new URL(request.url).searchParams.get("first"));
        return HttpResponse.json({ time_zone: "Pacific/Kiritimati", periods: [], levels: [] });
      }),
      ...variantPage(),
    );
    open("/stock/1");
    await userEvent.click(await screen.findByRole("radio", { name: "90 days" }));
    await waitFor(() => expect(asked).toEqual(["2026-10-31", "2026-09-01"]));
  });

  it("says that a shop's number is held until somebody decides, and leads there", async () => {
    server.use(
      answers("get", "/variants/1", detail),
      answers("get", "/stock", { items: [sku(1, { channels: [channel({ held: true })] })], next: null }),
      answers("get", "/stock/1/history", { time_zone: "UTC", periods: [], levels: [] }),
      answers("get", "/stock/1/why", { items: [], next: null }),
    );
    open("/stock/1");
    expect(await screen.findByText(/^Held at 8 until you decide/)).toBeVisible();
    expect(screen.getByRole("link", { name: "Decide" })).toHaveAttribute("href", "/reviews?variant=1");
    expect(screen.queryByText("In step")).toBeNull();
  });

  it("says of a bundle how many can be made, and what its number follows", async () => {
    const level = { location_id: 1, location: "Main", on_hand: 0, committed: 0, available: 0 };
    const bundle = { is_bundle: true, available: 15, on_hand: 0, committed: 0, levels: [level] };
    const parts = [{ variant_id: 9, sku: "CUP", title: "Cup", quantity: 1 }];
    server.use(
      answers("get", "/variants/1", { ...detail, ...bundle, components: parts, part_of: [] }),
      answers("get", "/stock", { items: [sku(1, bundle)], next: null }),
      answers("get", "/stock/1/history", { time_zone: "UTC", periods: [], levels: [] }),
      answers("get", "/stock/1/why", { items: [], next: null }),
    );
    open("/stock/1");
    expect(await screen.findByRole("heading", { name: "Why is this 15?" })).toBeVisible();
    expect(await screen.findByText("A bundle follows its parts: what moves them moves this number.")).toBeVisible();
    expect(screen.getAllByRole("img", { name: "None" })).toHaveLength(2);
    expect(screen.getByText("A bundle has no stock of its own: its parts have.")).toBeVisible();
    expect(screen.queryByRole("table", { name: "Where it is" })).toBeNull();
  });

  it("is not there for another account", async () => {
    server.use(
      refuses("get", "/variants/1", 404, "not_found"),
      answers("get", "/stock", { items: [], next: null }),
    );
    open("/stock/1");
    expect(await screen.findByRole("alert")).toHaveTextContent("It is not there");
    expect(screen.getByRole("link", { name: "All SKUs" })).toHaveAttribute("href", "/stock");
  });
});
