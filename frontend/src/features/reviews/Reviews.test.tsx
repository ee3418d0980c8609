import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, it } from "vitest";

import { ME, open, signedIn } from "@/test/app";
import { answers, refuses, server } from "@/test/server";

function review(id: number, more: object = {}) {
  return {
    id,
    seen_at: "2026-11-28T09:30:00Z",
    reason: "policy",
    reason_text: "",
    quantity: 5,
    variant_id: 9,
    sku: `MUG-${id}`,
    title: `Mug ${id}`,
    connection_id: 5,
    connection_name: "Web shop",
    platform: "shopify",
    shown: 15,
    changed_to: 15,
    target: 10,
    on_hand: 12,
    committed: 2,
    available: 10,
    choices: [
      { choice: "add", stock_change: 5, available_after: 15 },
      { choice: "overwrite", stock_change: 0, available_after: 10 },
    ],
    ...more,
  };
}

const BRAKE = {
  id: 3,
  kind: "stock",
  connection_id: 5,
  connection_name: "Web shop",
  platform: "shopify",
  braked_at: "2026-11-28T09:30:00Z",
  detail: { changed: 40, numbers: 100, brake_percent: 20 },
};

let decisions: object[] = [];

beforeEach(() => {
  signedIn();
  decisions = [];
  server.use(
    answers("get", "/connections", { items: [{ id: 5, name: "Web shop", counts: { unlinked: {} } }], next: null }),
    answers("get", "/brakes", { items: [], next: null }),
    answers("get", "/reviews", { items: [review(1), review(2, { quantity: -3, choices: [
      { choice: "add", stock_change: -3, available_after: 7 },
      { choice: "overwrite", stock_change: 0, available_after: 10 },
    ] })], next: null }),
    http.post("*/api/v1/reviews/decisions", async ({ request }) => {
      const body = (await request.json()) as { decisions: { review_id: number }[] };
      decisions.push(...body.decisions);
      return HttpResponse.json({
        items: body.decisions.map(({ review_id }) => ({ review_id, decided: true, code: "", message: "" })),
      });
    }),
  );
});

describe("review", () => {
  it("shows both sides and what each choice would do", async () => {
    open("/reviews");
    const card = await screen.findByRole("article", { name: "Mug 1" });
    expect(card).toHaveTextContent("Web shop shows15Changed to 15: +5 that no order explains");
    expect(card).toHaveTextContent("Available by SyncFlow1012 on hand, 2 held by open orders");
    expect(card).toHaveTextContent("Available becomes 10 →to 15 (+5). Every shop follows.");
    expect(card).toHaveTextContent("Available stays 10. The shop is written our number again.");
  });

  it("promises no writing to a shop that was disconnected", async () => {
    server.use(answers("get", "/reviews", { items: [review(1, { connection_state: "disconnected" })], next: null }));
    open("/reviews");
    const card = await screen.findByRole("article", { name: "Mug 1" });
    expect(card).toHaveTextContent("Available stays 10. The shop is disconnected: nothing is written to it.");
    expect(card).not.toHaveTextContent("The shop is written our number again.");
  });

  it("says what the shop was changed to where it shows less since", async () => {
    server.use(answers("get", "/reviews", { items: [review(1, { shown: 10 })], next: null }));
    open("/reviews");
    const card = await screen.findByRole("article", { name: "Mug 1" });
    expect(card).toHaveTextContent("Web shop shows10Changed to 15: +5 that no order explains");
  });

  it("shows what holds one SKU's numbers, and all again", async () => {
    const asked: (string | null)[] = [];
    server.use(
      http.get("*/api/v1/reviews", ({ request }) => {
        asked.push(new URL(request.url).searchParams.get("variant_id"));
        return HttpResponse.json({ items: [review(1)], next: null });
      }),
      answers("get", "/variants/9", { id: 9, sku: "MUG", title: "Mug" }),
    );
    open("/reviews?variant=9");
    expect(await screen.findByText("Only what holds the numbers of MUG.")).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Show all" }));
    await waitFor(() => expect(asked).toEqual(["9", null]));
    expect(screen.queryByRole("button", { name: "Show all" })).toBeNull();
    expect(screen.getByRole("heading", { name: "Numbers changed at a shop" })).toHaveFocus();
  });

  it("decides about one at once, by the difference that was seen", async () => {
    open("/reviews");
    await userEvent.click(await screen.findByRole("button", { name: "Write ours again: Mug 1" }));
    await waitFor(() => expect(decisions).toEqual([{ review_id: 1, choice: "overwrite", quantity: 5 }]));
    expect(screen.queryByRole("article", { name: "Mug 1" })).toBeNull();
    expect(screen.getByRole("article", { name: "Mug 2" })).toHaveFocus();
    await userEvent.click(screen.getByRole("button", { name: "Take it into the stock: Mug 2" }));
    expect(await screen.findByText("Nothing waits for you")).toBeVisible();
    expect(screen.getByRole("heading", { name: "Numbers changed at a shop" })).toHaveFocus();
  });

  it("decides about many after asking with figures", async () => {
    open("/reviews");
    await userEvent.click(await screen.findByRole("button", { name: "Tick all 2" }));
    await userEvent.click(screen.getByRole("button", { name: "Take them into the stock (2)" }));
    const dialog = await screen.findByRole("dialog", { name: "Decide about 2 numbers?" });
    expect(dialog).toHaveTextContent("Your stock changes: 5 more, 3 fewer. Every shop follows.");
    expect(dialog).toHaveTextContent("Web shop: 2 numbers");
    expect(dialog).toHaveTextContent("This cannot be taken back as a whole.");
    expect(decisions).toEqual([]);
    await userEvent.click(within(dialog).getByRole("button", { name: "Take them into the stock (2)" }));
    await waitFor(() => expect(decisions.length).toBe(2));
    expect(await screen.findByText("Nothing waits for you")).toBeVisible();
    expect(screen.getByRole("heading", { name: "Numbers changed at a shop" })).toHaveFocus();
  });

  it("goes on with what is left after many were decided", async () => {
    open("/reviews");
    await userEvent.click(await screen.findByRole("checkbox", { name: /Mug 1/ }));
    await userEvent.click(screen.getByRole("button", { name: "Write ours again (1)" }));
    const dialog = await screen.findByRole("dialog", { name: "Decide about 1 number?" });
    await userEvent.click(within(dialog).getByRole("button", { name: "Write ours again (1)" }));
    await waitFor(() => expect(screen.getByRole("article", { name: "Mug 2" })).toHaveFocus());
    expect(screen.queryByRole("article", { name: "Mug 1" })).toBeNull();
  });

  it("brings back what has changed since, and says so", async () => {
    server.use(
      answers("post", "/reviews/decisions", {
        items: [
          {
            review_id: 1,
            decided: false,
            code: "conflict",
            message: "This was decided, or the number has changed since. Please look again.",
            message_said: { code: "decided_meanwhile", values: {} },
          },
        ],
      }),
    );
    open("/reviews");
    await userEvent.click(await screen.findByRole("button", { name: "Take it into the stock: Mug 1" }));
    const card = await screen.findByRole("article", { name: "Mug 1" });
    const alert = await within(card).findByRole("alert");
    expect(alert).toHaveTextContent("That is not possible now");
    expect(alert).toHaveTextContent("This was decided, or the number has changed since.");
  });

  it("tells what led to a number", async () => {
    server.use(
      answers("get", "/reviews/1", {
        ...review(1),
        history: [
          {
            at: "2026-11-28T09:00:00Z",
            kind: "write",
            text: "Web shop was told to show 2 instead of 3: done",
            code: "set_applied",
            values: { shop: "Web shop", to: 2, from: 3 },
            connection_id: 5,
          },
        ],
      }),
    );
    open("/reviews");
    const card = await screen.findByRole("article", { name: "Mug 1" });
    await userEvent.click(within(card).getByRole("button", { name: "What led to it" }));
    expect(await within(card).findByText("Web shop was told to show 2 instead of 3: done")).toBeVisible();
  });

  it("releases a brake after asking with figures", async () => {
    const released: string[] = [];
    server.use(
      answers("get", "/brakes", { items: [BRAKE], next: null }),
      answers("get", "/sync/preview/totals", {
        looked_at: 100,
        at_least: false,
        connections: [{ connection_id: 5, connection_name: "Web shop", raised: 0, lowered: 1, to_zero: 39, held: 0, refused: 0 }],
      }),
      http.post("*/api/v1/connections/5/release-brake", ({ request }) => {
        released.push(new URL(request.url).pathname);
        server.use(answers("get", "/brakes", { items: [], next: null }));
        return HttpResponse.json({});
      }),
    );
    open("/reviews");
    expect(await screen.findByText(/40 of 100 numbers would have been zeroed or raised/)).toBeVisible();
    expect(screen.getByRole("link", { name: "See what would be written" })).toHaveAttribute("href", "/changes?shop=5");
    await userEvent.click(screen.getByRole("button", { name: "Release the brake" }));
    const dialog = await screen.findByRole("dialog", { name: "Let Web shop go on?" });
    expect(await within(dialog).findByText(/1 lowered, 39 to zero/)).toBeVisible();
    await userEvent.click(within(dialog).getByRole("button", { name: "Release the brake" }));
    await waitFor(() => expect(released.length).toBe(1));
    await waitFor(() => expect(screen.queryByText(/40 of 100/)).toBeNull());
  });

  it("leads from stopped prices to what the shop's rule would change", async () => {
    server.use(answers("get", "/brakes", { items: [{ ...BRAKE, kind: "prices" }], next: null }));
    open("/reviews");
    const link = await screen.findByRole("link", { name: "See what would be written" });
    expect(link).toHaveAttribute("href", "/connections/5?tab=prices");
  });

  it("says that more syncs stopped than are shown", async () => {
    server.use(answers("get", "/brakes", { items: [BRAKE], next: "more" }));
    open("/reviews");
    const brakes = within(await screen.findByRole("region", { name: "Stopped" }));
    expect(brakes.getByText("1 is shown")).toBeVisible();
    expect(brakes.getByText("Decide about these first: the others follow.")).toBeVisible();
  });

  it("lets a viewer look, and decide nothing", async () => {
    server.use(answers("get", "/me", { ...ME, role: "viewer" }));
    open("/reviews?shop=5");
    expect(await screen.findByRole("article", { name: "Mug 1" })).toBeVisible();
    expect(await screen.findByText("Your role may look at this, but change nothing.")).toBeVisible();
    expect(screen.queryByRole("button", { name: /is right/ })).toBeNull();
  });

  it("says that nothing waits, and what failed", async () => {
    server.use(refuses("get", "/reviews", 503, "not_stored"));
    open("/reviews");
    const alert = await screen.findByRole("alert");
    server.use(answers("get", "/reviews", { items: [], next: null }));
    await userEvent.click(within(alert).getByRole("button", { name: "Try again" }));
    expect(await screen.findByText("Nothing waits for you")).toBeVisible();
  });
});
