import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { delay, http, HttpResponse } from "msw";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { open, signedIn } from "@/test/app";
import { answers, refuses, server } from "@/test/server";

import { runsFrom, runsQueryOf } from "./filters";

function run(id: number, more: object = {}) {
  return {
    id,
    kind: "push",
    trigger: "change",
    state: "succeeded",
    connection_id: 5,
    connection_name: "Web shop",
    platform: "shopify",
    product_id: null,
    variant_id: null,
    created_at: "2026-11-28T09:30:00Z",
    finished_at: "2026-11-28T09:31:30Z",
    window_at: null,
    times: 1,
    looked_at: 40,
    changed: 38,
    failed: 0,
    counts: {},
    code: "",
    error: "",
    suggestion: "",
    ...more,
  };
}

const ITEM = {
  id: 1,
  at: "2026-11-28T09:30:10Z",
  connection_id: 5,
  connection_name: "Web shop",
  cell_id: 3,
  variant_id: 9,
  sku: "MUG",
  title: "Blue mug",
  location: "Main",
  from_quantity: 8,
  to_quantity: 0,
  outcome: "rejected",
  code: "ITEM_NOT_FOUND",
  error: "No such item",
  suggestion: "",
};

let asked: URLSearchParams[] = [];

beforeEach(() => {
  signedIn();
  asked = [];
  server.use(
    answers("get", "/connections", { items: [{ id: 5, name: "Web shop" }], next: null }),
    http.get("*/api/v1/sync/runs", ({ request }) => {
      asked.push(new URL(request.url).searchParams);
      const failed = run(2, { kind: "import", state: "failed", failed: 1, code: "platform_transient", finished_at: null });
      const first = run(3, { kind: "first_sync" });
      const many = run(1, { window_at: "2026-11-28T09:30:00Z" });
      return HttpResponse.json({ items: [many, first, failed], next: null });
    }),
  );
});

describe("the sync history", () => {
  it("lists runs with what they did, how long they took, and what to do about what failed", async () => {
    open("/sync");
    const table = await screen.findByRole("table", { name: "Sync history" });
    expect(within(table).getByRole("link", { name: "Numbers written" })).toHaveAttribute("href", "/sync/1");
    expect(within(table).getByRole("row", { name: /Numbers written/ })).toHaveTextContent(/Web shop.*Done.*40380–$/);
    expect(within(table).getByRole("row", { name: /First sync/ })).toHaveTextContent(/40380.*1.5 min$/);
    expect(within(table).getByRole("row", { name: /Shop read/ })).toHaveTextContent(/Failed.*It is tried again by itself/);
  });

  it("says on a telephone how long they took, where that is known", async () => {
    vi.spyOn(window, "matchMedia").mockImplementation(
      (query) =>
        ({ matches: query.includes("max-width"), media: query, addEventListener: vi.fn(), removeEventListener: vi.fn() }) as unknown as MediaQueryList,
    );
    open("/sync");
    expect((await screen.findAllByText(/ · Web shop$/))).toHaveLength(2);
    expect(screen.getByText(/ · Web shop · 1.5 min$/)).toBeVisible();
  });

  it("asks for what the address says, and writes there what is filtered", async () => {
    const router = open("/sync?shop=5&kind=push&from=2026-11-01");
    await screen.findByRole("table");
    expect(screen.getByRole("button", { name: "3 filters" })).toHaveAttribute("aria-expanded", "true");
    expect([asked[0]?.get("connection_id"), asked[0]?.get("kind")]).toEqual(["5", "push"]);
    await userEvent.click(screen.getByLabelText("Only what failed"));
    await waitFor(() => expect(asked.at(-1)?.get("not_well")).toBe("true"));
    expect(router.state.location.searchStr).toContain("bad=true");
  });

  it("asks once for the days of the account, wherever the browser is", async () => {
    server.use(
      http.get("*/api/v1/account/reporting", async () => {
        await delay(300);
        return HttpResponse.json({ time_zone: "Pacific/Kiritimati", currency: null, rates: [] });
      }),
    );
    open("/sync?from=2026-11-30&to=2026-11-30");
    await screen.findByRole("table");
    expect(asked.map((query) => [query.get("since"), query.get("until")])).toEqual([
      ["2026-11-29T10:00:00.000Z", "2026-11-30T10:00:00.000Z"],
    ]);
  });

  it("says that filters find nothing, and clears them", async () => {
    server.use(answers("get", "/sync/runs", { items: [], next: null }));
    const router = open("/sync?kind=check");
    await userEvent.click(await screen.findByRole("button", { name: "Clear all filters" }));
    await waitFor(() => expect(router.state.location.searchStr).toBe(""));
    expect(await screen.findByText("Nothing was done yet")).toBeVisible();
  });

  it("leads to connecting a shop where there is none", async () => {
    const nothing = { items: [], next: null };
    server.use(answers("get", "/sync/runs", nothing), answers("get", "/connections", nothing));
    open("/sync");
    expect(await screen.findByText("No shop is connected yet")).toBeVisible();
    expect(screen.getByRole("link", { name: "Connect a shop" })).toHaveAttribute("href", "/connections/new");
  });

  it("says what failed and tries again", async () => {
    server.use(refuses("get", "/sync/runs", 503, "not_stored"));
    open("/sync");
    const alert = await screen.findByRole("alert");
    server.use(answers("get", "/sync/runs", { items: [run(1)], next: null }));
    await userEvent.click(within(alert).getByRole("button", { name: "Try again" }));
    expect(await screen.findByRole("link", { name: "Numbers written" })).toBeVisible();
  });

  it("leaves out of an address what makes no sense", () => {
    expect(runsFrom({ shop: "x", kind: "nonsense", state: "failed", bad: "true", from: "2026-13-01" })).toEqual({
      state: "failed",
      bad: true,
    });
    expect(runsQueryOf({ to: "2026-11-28" }, "Europe/Berlin")).toEqual({ until: "2026-11-28T23:00:00.000Z" });
  });
});

describe("one run", () => {
  beforeEach(() => {
    server.use(
      answers("get", "/sync/runs/1", run(1, { kind: "first_sync" })),
      answers("get", "/sync/runs/1/items", { items: [ITEM], next: null }),
    );
  });

  it("says how long it took, unless it is of many times that share a row", async () => {
    open("/sync/1");
    expect(await screen.findByText("1.5 min")).toBeVisible();
    server.use(answers("get", "/sync/runs/1", run(1, { kind: "reconcile", times: 3 })));
    open("/sync/1");
    expect(await screen.findByText(/3 times/)).toBeVisible();
    expect(screen.getAllByText("1.5 min")).toHaveLength(1);
    server.use(answers("get", "/sync/runs/1", run(1, { kind: "reconcile", window_at: "2026-11-28T09:30:00Z" })));
    open("/sync/1");
    expect(await screen.findAllByText("–")).not.toHaveLength(0);
    expect(screen.getAllByText("1.5 min")).toHaveLength(1);
  });

  it("shows each number, the shop's words and what to do about them", async () => {
    open("/sync/1");
    const table = await screen.findByRole("table", { name: "Number by number" });
    const row = within(table).getByRole("row", { name: /Blue mug/ });
    expect(row).toHaveTextContent("8 →to 0 (-8)");
    expect(row).toHaveTextContent("Refused by the shopNo such itemSee the listing at the shop");
  });

  it("shows more of them as it goes on, and the last once it is over", async () => {
    let looked_at = 10;
    let asked = 0;
    server.use(
      http.get("*/api/v1/sync/runs/1", () =>
        HttpResponse.json(run(1, looked_at < 40 ? { state: "running", looked_at, finished_at: null } : {})),
      ),
      http.get("*/api/v1/sync/runs/1/items", () => {
        asked += 1;
        return HttpResponse.json({ items: [{ ...ITEM, title: `Mug of ${looked_at}` }], next: null });
      }),
    );
    open("/sync/1");
    expect(await screen.findByText("Mug of 10")).toBeVisible();
    expect(asked).toBe(1);
    looked_at = 20;
    expect(await screen.findByText("Mug of 20")).toBeVisible();
    looked_at = 40;
    expect(await screen.findByText("Mug of 40")).toBeVisible();
    expect(asked).toBe(3);
  });

  it("says in the language of the reader what went wrong, and leaves what the shop said", async () => {
    const said = { code: "run_too_long", values: {} };
    const fault = { code: "not_finished", error: "It did not come to an end within half an hour.", error_said: said };
    server.use(answers("get", "/sync/runs/1", run(1, { kind: "manual", state: "failed", ...fault })));
    open("/sync/1", "de");
    expect(await screen.findByText("Es kam nicht innerhalb einer halben Stunde zum Ende.")).toBeVisible();
    expect(await screen.findByText("No such item")).not.toHaveAttribute("lang");
  });

  it("is taken as a CSV file, as whoever is signed in", async () => {
    const seen: string[] = [];
    server.use(
      http.get("*/api/v1/sync/runs/1/items.csv", ({ request }) => {
        seen.push(`${new URL(request.url).search} ${request.headers.get("Authorization")}`);
        return new HttpResponse("id\n1\n", { headers: { "Content-Type": "text/csv" } });
      }),
    );
    const click = vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(() => undefined);
    URL.createObjectURL = () => "blob:x";
    URL.revokeObjectURL = () => undefined;
    open("/sync/1?outcome=rejected");
    await userEvent.click(await screen.findByRole("button", { name: "CSV" }));
    await waitFor(() => expect(click).toHaveBeenCalled());
    expect(seen).toEqual(["?outcome=rejected Bearer token"]);
  });

  it("is taken back after asking", async () => {
    let undone = 0;
    server.use(
      http.post("*/api/v1/sync/runs/1/undo", () => {
        undone += 1;
        return HttpResponse.json({ movements: 12 });
      }),
    );
    open("/sync/1");
    await userEvent.click(await screen.findByRole("button", { name: "Take it back" }));
    const dialog = await screen.findByRole("dialog");
    expect(undone).toBe(0);
    await userEvent.click(within(dialog).getByRole("button", { name: "Take it back" }));
    expect(await screen.findByText("12 changes of stock taken back.")).toBeVisible();
    expect(undone).toBe(1);
  });

  it("offers no way back where nothing of the stock was changed", async () => {
    server.use(answers("get", "/sync/runs/1", run(1, { kind: "push" })));
    open("/sync/1");
    await screen.findByRole("table");
    expect(screen.queryByRole("button", { name: "Take it back" })).toBeNull();
  });

  it("is not there for another account", async () => {
    server.use(refuses("get", "/sync/runs/1", 404, "not_found"), refuses("get", "/sync/runs/1/items", 404, "not_found"));
    open("/sync/1");
    expect(await screen.findByRole("alert")).toHaveTextContent("It is not there");
    expect(screen.getByRole("link", { name: "All runs" })).toHaveAttribute("href", "/sync");
  });
});
