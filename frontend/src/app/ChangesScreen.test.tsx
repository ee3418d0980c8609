import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, it } from "vitest";

import { ME, open, signedIn } from "@/test/app";
import { answers, refuses, server } from "@/test/server";

const WHY = { on_hand: 10, committed: 2, is_bundle: false, by_rules: false };

function shop(more: object = {}) {
  return {
    id: 5,
    name: "Web shop",
    state: "review",
    counts: { listings: 9, linked: 6, unlinked: { no_sku: 3 }, dirty_cells: 0 },
    ...more,
  };
}

const TOTALS = {
  raised: 1,
  lowered: 2,
  to_zero: 1,
  stock_raised: 0,
  stock_lowered: 0,
  unchanged: 5,
  units_added: 0,
  units_taken: 0,
  followers: [],
  at_least: false,
};

let asked: URLSearchParams[] = [];

function diff(rows: object[]) {
  asked = [];
  return http.get("*/api/v1/connections/5/first-sync", ({ request }) => {
    asked.push(new URL(request.url).searchParams);
    return HttpResponse.json({ items: rows, next: null });
  });
}

const ROW = {
  cell_id: 1,
  variant_id: 9,
  sku: "MUG",
  title: "Blue mug",
  channel_quantity: 12,
  target: 8,
  stock_change: 0,
  effect: "lowered",
  why: WHY,
  causes: [],
};

beforeEach(() => {
  signedIn();
  server.use(
    answers("get", "/connections", { items: [shop()], next: null }),
    answers("get", "/connections/5/first-sync/totals", TOTALS),
    diff([ROW]),
  );
});

describe("what would change", () => {
  it("leads to connecting a shop where there is none", async () => {
    server.use(answers("get", "/connections", { items: [], next: null }));
    open("/changes");
    expect(await screen.findByText(/^Once a shop is connected, you see here what would be written/)).toBeVisible();
    expect(screen.getByRole("link", { name: "Connect a shop" })).toHaveAttribute("href", "/connections/new");
  });

  it("leads to the first sync that waits, and to nothing else, where no shop syncs yet", async () => {
    const ended = { ...shop({ id: 6, name: "Old shop", state: "disconnected" }) };
    const totals = { looked_at: 0, at_least: false, connections: [] };
    server.use(
      answers("get", "/connections", { items: [shop(), ended], next: null }),
      answers("get", "/sync/preview", { items: [], next: null }),
      answers("get", "/sync/preview/totals", totals),
    );
    open("/changes");
    const note = within(await screen.findByRole("note"));
    expect(note.getByText("The first sync of Web shop waits for your word.")).toBeVisible();
    const look = note.getByRole("link", { name: "See what it would change" });
    expect(look).toHaveAttribute("href", "/changes?shop=5");
    expect(look).toHaveAttribute("data-variant", "filled");
    await expect(screen.findByText("Nothing would be written", {}, { timeout: 300 })).rejects.toThrow();
    expect(screen.queryByRole("button", { name: "Sync now" })).toBeNull();
  });

  it("says of a shop that cannot be synced that it is not, and offers no sync", async () => {
    server.use(
      answers("get", "/connections", { items: [shop({ state: "needs_auth" })], next: null }),
      answers("get", "/sync/preview", { items: [], next: null }),
      answers("get", "/sync/preview/totals", { looked_at: 0, at_least: false, connections: [] }),
    );
    open("/changes");
    expect(await screen.findByText("No shop is syncing just now.")).toBeVisible();
    expect(screen.queryByRole("button", { name: "Sync now" })).toBeNull();
  });

  it("says that a shop is being read, also where none is chosen, and that all were disconnected", async () => {
    server.use(answers("get", "/connections", { items: [shop({ state: "importing" })], next: null }));
    open("/changes");
    expect(await screen.findByText("The shop is being read")).toBeVisible();
    server.use(answers("get", "/connections", { items: [shop({ state: "disconnected" })], next: null }));
    open("/changes");
    expect(await screen.findByText("No shop is connected yet")).toBeVisible();
  });

  it("tells those who may not connect a shop who does", async () => {
    server.use(
      answers("get", "/connections", { items: [], next: null }),
      answers("get", "/me", { ...ME, role: "staff" }),
    );
    open("/changes");
    expect(await screen.findByText("An owner or admin of the account connects shops.")).toBeVisible();
    expect(screen.queryByRole("link", { name: "Connect a shop" })).toBeNull();
  });
});

describe("the first sync", () => {
  it("shows each number, why it differs, and what comes of it", async () => {
    open("/changes?shop=5");
    const table = await screen.findByRole("table", { name: "Numbers that differ" });
    const row = within(table).getByRole("row", { name: /Blue mug/ });
    expect(row).toHaveTextContent("12 →to 8 (-4)");
    expect(row).toHaveTextContent("10 on hand, the shop shows 12; open orders hold 2");
    expect(screen.getByRole("region", { name: "Web shop" })).toHaveTextContent("4 numbers are written. 1 of them goes to zero.");
    expect(screen.getByText("3 listings are linked to nothing, and stay as they are.")).toBeVisible();
    expect(screen.getByRole("link", { name: "Link them" })).toHaveAttribute("href", "/matching?shop=5");
  });

  it("tells what waits to be linked from what stays unlinked", async () => {
    const counts = { listings: 10, linked: 5, unlinked: { no_sku: 3, untracked: 1, by_hand: 1 }, dirty_cells: 0 };
    server.use(answers("get", "/connections", { items: [shop({ counts })], next: null }));
    open("/changes?shop=5");
    expect(await screen.findByText("3 listings are linked to nothing, and stay as they are.")).toBeVisible();
    expect(screen.getByText("Left unlinked: the shop keeps no number (1), unlinked by hand (1).")).toBeVisible();
    server.use(answers("get", "/connections", { items: [shop({ counts: { ...counts, unlinked: { untracked: 1 } } })], next: null }));
    open("/changes?shop=5");
    expect(await screen.findByText("Left unlinked: the shop keeps no number (1).")).toBeVisible();
    expect(screen.getAllByRole("link", { name: "Link them" })).toHaveLength(1);
  });

  it("asks for what the address says, and writes there whose number is right and which changes are shown, so that one can go back", async () => {
    const router = open("/changes?shop=5&q=mug");
    await screen.findByText("Blue mug");
    expect([asked[0]?.get("q"), asked[0]?.get("source")]).toEqual(["mug", "syncflow"]);
    await userEvent.click(screen.getByRole("radio", { name: /^The shop's/ }));
    await waitFor(() => expect(router.state.location.searchStr).toContain("source=channel"));
    await userEvent.click(await screen.findByRole("radio", { name: "To zero (1)" }));
    await waitFor(() => expect(asked.at(-1)?.get("effect")).toBe("to_zero"));
    expect(asked.at(-1)?.get("source")).toBe("channel");
    router.history.back();
    await waitFor(() => expect(router.state.location.searchStr).toBe("?shop=5&q=mug&source=channel"));
  });

  it("begins after asking with figures, and shows how far it is", async () => {
    const approved: string[] = [];
    let left = 3;
    server.use(
      http.post("*/api/v1/connections/5/first-sync", ({ request }) => {
        approved.push(new URL(request.url).search);
        server.use(answers("get", "/connections", { items: [shop({ state: "active" })], next: null }));
        return HttpResponse.json(shop({ state: "active" }));
      }),
      http.get("*/api/v1/connections/5", () => {
        const answer = HttpResponse.json(shop({ state: "active", counts: { ...shop().counts, dirty_cells: left } }));
        left = 0;
        return answer;
      }),
      answers("get", "/sync/runs", { items: [{ id: 31, state: "succeeded", looked_at: 9, changed: 2 }], next: null }),
      answers("get", "/sync/preview", { items: [], next: null }),
      answers("get", "/sync/preview/totals", { looked_at: 9, at_least: false, connections: [] }),
    );
    open("/changes?shop=5");
    await userEvent.click(await screen.findByRole("button", { name: "Begin to sync" }));
    const dialog = await screen.findByRole("dialog", { name: "Begin to sync Web shop?" });
    expect(dialog).toHaveTextContent("1 goes to zero: the shop sells it no more.");
    expect(approved).toEqual([]);
    await userEvent.click(within(dialog).getByRole("button", { name: "Begin" }));
    expect(await screen.findByText("3 numbers are left to write.")).toBeVisible();
    expect(approved).toEqual(["?source=syncflow"]);
    expect(await screen.findByText("Web shop is in step", {}, { timeout: 10_000 })).toBeVisible();
    expect(screen.getByRole("link", { name: "See each number" })).toHaveAttribute("href", "/sync/31");
    expect(screen.getByRole("button", { name: "Take it back" })).toBeVisible();
  });

  it("is not agreed to by the figures of another choice", async () => {
    let answer = (): void => undefined;
    const answering = new Promise<void>((resolve) => (answer = resolve));
    server.use(
      http.get("*/api/v1/connections/5/first-sync/totals", async ({ request }) => {
        if (new URL(request.url).searchParams.get("source") !== "lowest") {
          return HttpResponse.json(TOTALS);
        }
        await answering;
        return HttpResponse.json({ ...TOTALS, raised: 0, to_zero: 900 });
      }),
    );
    open("/changes?shop=5");
    const begin = await screen.findByRole("button", { name: "Begin to sync" });
    await waitFor(() => expect(begin).toBeEnabled());
    await userEvent.click(screen.getByRole("radio", { name: /^The lower one/ }));
    await waitFor(() => expect(begin).toBeDisabled());
    answer();
    await waitFor(() => expect(begin).toBeEnabled());
    await userEvent.click(begin);
    const dialog = await screen.findByRole("dialog");
    expect(dialog).toHaveTextContent("900");
    expect(dialog).toHaveTextContent("2 numbers of the shop are lowered.");
    expect(dialog).not.toHaveTextContent("are raised");
  });

  it("is begun by an admin only", async () => {
    server.use(answers("get", "/me", { ...ME, role: "staff" }));
    open("/changes?shop=5");
    expect(await screen.findByText("An owner or admin of the account does this.")).toBeVisible();
    expect(screen.queryByRole("button", { name: "Begin to sync" })).toBeNull();
  });

  it("says that all agrees, or that nothing is like the filters", async () => {
    server.use(diff([]));
    open("/changes?shop=5");
    expect(await screen.findByText("All numbers agree")).toBeVisible();
  });

  it("says what failed and tries again", async () => {
    server.use(refuses("get", "/connections/5/first-sync", 503, "not_stored"));
    open("/changes?shop=5");
    const alert = await screen.findByRole("alert");
    server.use(diff([ROW]));
    await userEvent.click(within(alert).getByRole("button", { name: "Try again" }));
    expect(await screen.findByText("Blue mug")).toBeVisible();
  });

  it("waits while the shop is read", async () => {
    server.use(answers("get", "/connections", { items: [shop({ state: "importing" })], next: null }));
    open("/changes?shop=5");
    expect(await screen.findByText("The shop is being read")).toBeVisible();
  });
});

describe("a dry run", () => {
  const preview = {
    cell_id: 1,
    connection_id: 5,
    connection_name: "Web shop",
    variant_id: 9,
    sku: "MUG",
    title: "Blue mug",
    location: "Main",
    from_quantity: 12,
    to_quantity: 0,
    effect: "held",
    why: WHY,
    causes: [],
    written: false,
    obstacle: "the brake holds it back",
    obstacle_code: "brake",
  };
  const sums = { connection_id: 5, connection_name: "Web shop", raised: 1, lowered: 0, to_zero: 2, held: 4, refused: 0 };

  beforeEach(() => {
    server.use(
      answers("get", "/connections", { items: [shop({ state: "active" })], next: null }),
      answers("get", "/sync/preview/totals", { looked_at: 9, at_least: false, connections: [sums] }),
      http.get("*/api/v1/sync/preview", ({ request }) => {
        const first = !new URL(request.url).searchParams.has("cursor");
        return HttpResponse.json(first ? { items: [], next: "1" } : { items: [preview], next: null });
      }),
    );
  });

  it("goes on over empty pages, and says what is held back and why", async () => {
    open("/changes");
    expect(await screen.findByText("Held back: the brake holds it back")).toBeVisible();
    expect(screen.getByRole("region", { name: "Web shop" })).toHaveTextContent("1 raised, 2 to zero, 4 held back");
    expect(screen.getByRole("radio", { name: "Held back (4)" })).toBeVisible();
  });

  it("lists what the shop refuses, with why and what to do, also where the number is right", async () => {
    const error = "It is no longer at the shop. Restore it there, or unlink it here.";
    const refused = { from_quantity: 13, to_quantity: 13, effect: "refused", why: null, obstacle_code: "refused" };
    const said = { error, error_said: { code: "number_gone", values: {} } };
    server.use(
      answers("get", "/sync/preview/totals", { looked_at: 9, at_least: false, connections: [{ ...sums, refused: 1 }] }),
      answers("get", "/sync/preview", { items: [{ ...preview, ...refused, ...said }], next: null }),
    );
    open("/changes?shop=5&effect=refused");
    expect(await screen.findByText(`The shop refuses the number: ${error}`)).toBeVisible();
    expect(screen.getByRole("radio", { name: "Refused by the shop (1)" })).toBeChecked();
    expect(screen.getByRole("region", { name: "Web shop" })).toHaveTextContent("4 held back, 1 refused by the shop");
  });

  it("is applied after asking with figures, and followed to its end", async () => {
    const bodies: unknown[] = [];
    const run = { id: 40, kind: "manual", looked_at: 9, changed: 3, failed: 0, connection_id: 5 };
    server.use(
      http.post("*/api/v1/sync/runs", async ({ request }) => {
        bodies.push(await request.json());
        return HttpResponse.json({ ...run, state: "running" }, { status: 202 });
      }),
      answers("get", "/sync/runs/40", { ...run, state: "succeeded" }),
    );
    open("/changes?shop=5");
    await userEvent.click(await screen.findByRole("button", { name: "Sync now" }));
    const dialog = await screen.findByRole("dialog", { name: "Write 3 numbers?" });
    await userEvent.click(within(dialog).getByRole("button", { name: "Sync now" }));
    expect(await screen.findByText("9 looked at, 3 changed, 0 failed.")).toBeVisible();
    expect(bodies).toEqual([{ connection_id: 5 }]);
    expect(screen.getByRole("link", { name: "See each number" })).toHaveAttribute("href", "/sync/40");
  });

  it("says what failed, and what to do about it", async () => {
    const run = { id: 40, kind: "manual", looked_at: 9, changed: 0, failed: 0, connection_id: 5, code: "" };
    const failed = { code: "platform_transient", error: "HTTP 502", suggestion: "It is tried again." };
    server.use(
      http.post("*/api/v1/sync/runs", () => HttpResponse.json({ ...run, state: "running" }, { status: 202 })),
      answers("get", "/sync/runs/40", { ...run, ...failed, state: "partly" }),
    );
    open("/changes?shop=5");
    await userEvent.click(await screen.findByRole("button", { name: "Sync now" }));
    await userEvent.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Sync now" }));
    const status = await screen.findByText("Done in part");
    expect(status.closest("[role=status]")).toHaveTextContent("HTTP 502");
  });

  it("is not begun again while it goes on, and shows that nothing is done yet", async () => {
    let began = 0;
    const run = { id: 42, kind: "manual", looked_at: 0, changed: 0, failed: 0, connection_id: 5 };
    server.use(
      http.post("*/api/v1/sync/runs", () => {
        began += 1;
        return HttpResponse.json({ ...run, state: "running" }, { status: 202 });
      }),
      answers("get", "/sync/runs/42", { ...run, state: "running" }),
    );
    open("/changes");
    const button = await screen.findByRole("button", { name: "Sync now" });
    await userEvent.click(button);
    const dialog = await screen.findByRole("dialog", { name: "Write 3 numbers?" });
    await userEvent.click(within(dialog).getByRole("button", { name: "Sync now" }));
    expect(await screen.findByText("0 looked at, 0 changed, 0 failed.")).toBeVisible();
    expect(screen.getByRole("progressbar")).toHaveAttribute("aria-valuenow", "0");
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(button).toHaveAttribute("aria-disabled", "true");
    await userEvent.click(button);
    expect(screen.queryByRole("dialog")).toBeNull();
    server.use(answers("get", "/sync/runs/42", { ...run, state: "succeeded" }));
    await waitFor(() => expect(button).toHaveAttribute("aria-disabled", "false"), { timeout: 10_000 });
    expect(began).toBe(1);
  });

  it("shows no bar where there is nothing to write", async () => {
    const run = { id: 43, kind: "manual", looked_at: 0, changed: 0, failed: 0, connection_id: 5 };
    server.use(
      answers("get", "/sync/preview/totals", { looked_at: 9, at_least: false, connections: [] }),
      answers("post", "/sync/runs", { ...run, state: "running" }, 202),
      answers("get", "/sync/runs/43", { ...run, state: "running" }),
    );
    open("/changes");
    await userEvent.click(await screen.findByRole("button", { name: "Sync now" }));
    expect(await screen.findByText("0 looked at, 0 changed, 0 failed.")).toBeVisible();
    expect(screen.queryByRole("progressbar")).toBeNull();
  });

  it("says that all is held back, and does not ask whether to write nothing", async () => {
    let began = 0;
    const held = { ...sums, raised: 0, to_zero: 0 };
    const run = { id: 41, kind: "manual", looked_at: 9, changed: 0, failed: 0, connection_id: 5 };
    server.use(
      answers("get", "/sync/preview/totals", { looked_at: 9, at_least: false, connections: [held] }),
      http.post("*/api/v1/sync/runs", () => {
        began += 1;
        return HttpResponse.json({ ...run, state: "running" }, { status: 202 });
      }),
      answers("get", "/sync/runs/41", { ...run, state: "succeeded" }),
    );
    open("/changes");
    expect(await screen.findByText(/^All 4 changes are held back/)).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Sync now" }));
    expect(await screen.findByText("9 looked at, 0 changed, 0 failed.")).toBeVisible();
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(began).toBe(1);
  });

  it("says that nothing would be written", async () => {
    server.use(answers("get", "/sync/preview", { items: [], next: null }));
    open("/changes");
    expect(await screen.findByText("Nothing would be written")).toBeVisible();
  });
});
