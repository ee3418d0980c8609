import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, it } from "vitest";

import { open, signedIn } from "@/test/app";
import { answers, server } from "@/test/server";

const NOW = "2026-11-30T10:00:00Z";
const ANNA = { user_id: 1, email: "anna@example.com", role: "owner", joined_at: NOW };
const TILL = {
  ...{ id: 3, name: "Till", prefix: "sf_live_abc", scopes: [], made_by: null, created_at: NOW },
  ...{ expires_at: null, revoked_at: null, last_used_at: null },
};

let last = 0;

function entry(action: string, subject: string, subject_name: string | null, detail = {}, actor = "user:1") {
  const actor_name = actor === "user:1" ? "anna@example.com" : actor === "key:3" ? "Till" : null;
  return { id: (last += 1), created_at: NOW, actor, actor_name, action, subject, subject_name, detail };
}

/** The log holds these; what it is asked for. */
function logHas(...items: object[]): URLSearchParams[] {
  const asked: URLSearchParams[] = [];
  server.use(
    http.get("*/api/v1/audit-log", ({ request }) => {
      asked.push(new URL(request.url).searchParams);
      return HttpResponse.json({ items, next: null });
    }),
  );
  return asked;
}

/** Each entry's sentence, and what it says of its details. */
async function told(): Promise<string[][]> {
  const rows = await screen.findAllByRole("listitem");
  return rows.map((row) => [...row.querySelectorAll("p")].map((each) => each.textContent).slice(0, -1));
}

beforeEach(() => {
  signedIn();
  server.use(
    answers("get", "/members", { items: [ANNA], next: null }),
    answers("get", "/api-keys", { items: [TILL], next: null }),
  );
});

const LOG = [
  entry("prices.rule_set", "connection:5", "Blue shop", { factor: "1.1", rounding: "unit" }),
  entry("stock.adjustment", "stock_change:8", "Warehouse", { reason: "damaged", variants: 2, units: -3 }, "key:3"),
  entry("member.role_changed", "user:2", "ben@example.com", { from: "viewer", to: "admin" }),
  entry("variant.changed", "variant:12", "MUG", { changes: { price_minor: [1000, 1250] }, currency: "EUR" }),
  entry("variant.deleted", "variant:13", null, { sku: "OLD" }),
  entry("variant.archived", "variant:14", null),
  entry("invitation.sent", "invitation:4", null, { email: "cleo@example.com", role: "staff" }),
  entry("webhook.disabled", "webhook:6", "hooks.example.com", { reason: "Every call has failed." }, "system"),
  entry("support.visit_begun", "visit:1", null, { reason: "You asked.", minutes: 30 }, "staff:2"),
  entry("connection.paused", "connection:5", "Blue shop", {}, "user:9"),
];

describe("the audit log", () => {
  it("tells who did what in sentences, with what is known of it", async () => {
    logHas(...LOG);
    open("/settings/audit-log");
    expect(await told()).toEqual([
      ["anna@example.com changed the price rule of the shop Blue shop", "Factor: 1.1 · Rounding: To the smallest unit"],
      ["API key Till adjusted stock at Warehouse", "Reason: Damaged · SKUs: 2 · Units: -3"],
      ["anna@example.com changed the role of ben@example.com from Viewer to Admin"],
      ["anna@example.com changed the SKU MUG", "Price: €10.00 → €12.50"],
      ["anna@example.com deleted the SKU OLD"],
      ["anna@example.com archived the SKU no. 14"],
      ["anna@example.com invited cleo@example.com", "Role: Staff"],
      ["SyncFlow switched the webhook to hooks.example.com off, which does not answer"],
      [
        "SyncFlow support began to look at this account, without changing anything",
        "Reason: You asked. · For at most, in minutes: 30",
      ],
      ["Somebody who is gone paused the shop Blue shop"],
    ]);
  });

  it("speaks German", async () => {
    logHas(...LOG.slice(0, 4));
    open("/settings/audit-log", "de");
    expect(await told()).toEqual([
      [
        "anna@example.com hat die Preisregel des Shops Blue shop geändert",
        "Faktor: 1,1 · Rundung: Auf die kleinste Einheit",
      ],
      [
        "API-Schlüssel Till hat Bestand am Lagerort Warehouse geändert",
        "Grund: Beschädigt · SKUs: 2 · Stück: -3",
      ],
      ["anna@example.com hat die Rolle von ben@example.com von Betrachter zu Admin geändert"],
      ["anna@example.com hat die SKU MUG geändert", "Preis: 10,00\u00a0€ → 12,50\u00a0€"],
    ]);
  });

  it("leads to what is still there", async () => {
    logHas(...LOG, entry("fulfillment.created", "fulfillment:7", "#1001", { order_id: 70 }));
    open("/settings/audit-log");
    const list = within(await screen.findByRole("list", { name: "Audit log" }));
    const links = list.getAllByRole("link").map((link) => [link.textContent, link.getAttribute("href")]);
    expect(links).toEqual([
      ["Blue shop", "/connections/5"],
      ["ben@example.com", "/settings/team"],
      ["MUG", "/stock/12"],
      ["hooks.example.com", "/settings/webhooks/6"],
      ["Blue shop", "/connections/5"],
      ["#1001", "/orders/70"],
    ]);
  });

  it("keeps what was written down behind a button, and from there has all about a subject", async () => {
    const asked = logHas(entry("variant.changed", "variant:12", "MUG", { changes: { title: ["Mug", "Cup"] } }));
    const router = open("/settings/audit-log");
    const button = await screen.findByRole("button", { name: "Details: anna@example.com changed the SKU MUG" });
    expect(screen.queryByText(/subject: variant:12/)).toBeNull();
    await userEvent.click(button);
    expect(button).toHaveAttribute("aria-expanded", "true");
    expect(screen.getByText(/subject: variant:12/)).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Everything about it" }));
    await expect.poll(() => router.state.location.search).toEqual({ subject: "variant:12" });
    expect(screen.getByRole("search")).toHaveFocus();
    await userEvent.click(await screen.findByRole("button", { name: "Show not only: MUG" }));
    await expect.poll(() => router.state.location.search).toEqual({});
    expect(screen.getByRole("search")).toHaveFocus();
    expect(asked.map((each) => each.get("subject"))).toEqual([null, "variant:12"]);
  });

  it("shows an action by its own name that came after this app", async () => {
    logHas(entry("kitchen.cleaned", "kitchen:1", null));
    open("/settings/audit-log");
    expect(await told()).toEqual([["anna@example.com: kitchen.cleaned"]]);
  });

  it("is filtered by choices, which are in the address", async () => {
    const asked = logHas(...LOG);
    const router = open("/settings/audit-log");
    await userEvent.click(await screen.findByRole("combobox", { name: "Who" }));
    const choices = (await screen.findAllByRole("option")).map((option) => option.textContent);
    expect(choices).toEqual(["anna@example.com", "Till", "SyncFlow", "SyncFlow support"]);
    await userEvent.click(screen.getByRole("option", { name: "Till" }));
    await expect.poll(() => router.state.location.search).toEqual({ actor: "key:3" });
    await userEvent.click(screen.getByRole("combobox", { name: "About" }));
    await userEvent.click(await screen.findByRole("option", { name: "Prices" }));
    await expect.poll(() => router.state.location.search).toEqual({ actor: "key:3", topic: "prices" });
    await expect.poll(() => asked.at(-1)?.toString()).toBe("actor=key%3A3&topic=prices&limit=50");
  });

  it("asks once for the days of the account, wherever the browser is", async () => {
    const asked = logHas(...LOG);
    server.use(answers("get", "/account/reporting", { time_zone: "Pacific/Kiritimati", currency: null, rates: [] }));
    open("/settings/audit-log?from=2026-11-30&to=2026-11-30");
    expect(await screen.findAllByRole("listitem")).not.toHaveLength(0);
    expect(asked.map((query) => [query.get("since"), query.get("until")])).toEqual([
      ["2026-11-29T10:00:00.000Z", "2026-11-30T10:00:00.000Z"],
    ]);
  });

  it("understands addresses from before, and names who is no member any more", async () => {
    const dora = "dora@example.com";
    const asked = logHas({ ...entry("member.left", "user:9", dora, {}, "user:9"), actor_name: dora });
    open("/settings/audit-log?actor=user%3A9&action=member.left&topic=nothing");
    expect(await screen.findByRole("button", { name: "Show not only: … left the account" })).toBeVisible();
    await expect.poll(() => screen.getByRole("combobox", { name: "Who" })).toHaveValue(dora);
    expect(asked.map(String)).toEqual(["actor=user%3A9&action=member.left&limit=50"]);
  });

  it("offers to clear filters that nothing matches", async () => {
    logHas();
    const router = open("/settings/audit-log?subject=variant%3A12");
    expect(await screen.findByText("Nothing is like that")).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Clear all filters" }));
    await expect.poll(() => router.state.location.search).toEqual({});
  });
});
