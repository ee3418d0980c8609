import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { delay, http, HttpResponse } from "msw";
import { beforeEach, describe, expect, it } from "vitest";

import { ME, open, signedIn } from "@/test/app";
import { answers, refuses, server } from "@/test/server";
import { VARIANT, variantPage } from "@/test/variants";

const ORDER = {
  ...{ id: 31, connection_id: 4, platform: "shopify", number: "#1001", state: "open", payment: "paid" },
  ...{ currency: "EUR", total_minor: 2500, placed_at: "2026-11-20T10:00:00Z", review_reason: null, is_test: false },
};
const SHOP = { id: 4, name: "Berlin store", state: "active", platform: "shopify" };

function page(...items: object[]) {
  return { items, next: null };
}

/** The API finds `items` for one term, and nothing for others; what it was asked for. */
function finds(path: string, term: string, ...items: object[]) {
  const asked: string[] = [];
  server.use(
    http.get(`*/api/v1${path}`, ({ request }) => {
      const q = new URL(request.url).searchParams.get("q") ?? "";
      asked.push(q);
      return HttpResponse.json(page(...(q === term ? items : [])));
    }),
  );
  return asked;
}

beforeEach(() => {
  signedIn();
  server.use(
    answers("get", "/connections", page(SHOP)),
    answers("get", "/reviews", page()),
    answers("get", "/brakes", page()),
    answers("get", "/orders", page()),
    answers("get", "/orders/totals", { count: 0, at_least: false, revenue: [] }),
    answers("get", "/variants", page()),
  );
});

async function search(term: string, language: "en" | "de" = "en") {
  const router = open("/reviews", language);
  await screen.findByRole("heading", { level: 1 });
  await userEvent.keyboard("{Control>}k{/Control}");
  const box = await screen.findByRole("combobox", { name: /^SKU, / });
  await waitFor(() => expect(box).toHaveFocus());
  if (term !== "") {
    await userEvent.type(box, term);
  }
  return { router, box };
}

const status = () => within(screen.getByRole("dialog", { name: "Search" })).getByRole("status");
const selected = () => screen.getByRole("option", { selected: true });

describe("the search", () => {
  it("gives the focus back each time that it is left", async () => {
    open("/reviews");
    const link = await screen.findByRole("link", { name: "Orders" });
    for (let time = 1; time <= 2; time += 1) {
      link.focus();
      await userEvent.keyboard("{Control>}k{/Control}");
      await waitFor(() => expect(screen.getByRole("combobox", { name: /^SKU, / })).toHaveFocus());
      await userEvent.keyboard("{Escape}");
      await waitFor(() => expect(link).toHaveFocus());
    }
  });

  it("finds a SKU and goes there by Enter, asking once and not for every letter", async () => {
    const asked = finds("/variants", "mug", VARIANT);
    server.use(...variantPage().slice(0, -1));
    const { router } = await search("mug");
    const hit = await screen.findByRole("option", { name: /Blue mug/ });
    expect(within(screen.getByRole("group", { name: "SKUs" })).getAllByRole("option")).toEqual([hit]);
    expect(hit).toHaveTextContent("MUG · 8 available");
    expect(selected()).toBe(hit);
    expect(screen.getByRole("combobox", { name: /^SKU, / })).toHaveAttribute("aria-activedescendant", hit.id);
    expect(status()).toHaveTextContent(/^1 hit$/);
    expect(asked).toEqual(["mug"]);
    await userEvent.keyboard("{Enter}");
    await waitFor(() => expect(router.state.location.pathname).toBe("/stock/1"));
    expect(screen.queryByRole("dialog")).toBeNull();
  });

  it("finds an order by its number", async () => {
    finds("/orders", "1001", ORDER);
    const { router } = await search("1001");
    expect(await screen.findByRole("option", { name: /#1001/ })).toHaveTextContent("Berlin store · Nov 20, 2026 · €25.00");
    server.use(refuses("get", "/orders/31", 404, "not_found"));
    await userEvent.click(screen.getByRole("option", { name: /#1001/ }));
    await waitFor(() => expect(router.state.location.pathname).toBe("/orders/31"));
  });

  it("leads to the lists with what was typed, also while the API is still asked", async () => {
    server.use(
      http.get("*/api/v1/variants", async () => {
        await delay("infinite");
      }),
    );
    const { router } = await search("tray");
    expect(status()).toHaveTextContent("Searching SKUs and orders …");
    expect(selected()).toHaveTextContent("Search the inventory for “tray”");
    await userEvent.keyboard("{ArrowDown}");
    expect(selected()).toHaveTextContent("Search orders for “tray”");
    await userEvent.keyboard("{Enter}");
    await waitFor(() => expect(router.state.location.href).toBe("/orders?q=tray"));
  });

  it("stops asking for what is typed on", async () => {
    let stopped = 0;
    server.use(
      http.get("*/api/v1/variants", async ({ request }) => {
        request.signal.addEventListener("abort", () => (stopped += 1));
        await delay("infinite");
      }),
    );
    const asked = finds("/orders", "tra", ORDER);
    await search("tra");
    expect(await screen.findByRole("option", { name: /#1001/ })).toBeVisible();
    await userEvent.keyboard("y");
    // What was found for less is not gone to by an Enter that comes too soon.
    expect(screen.queryByRole("option", { name: /#1001/ })).toBeNull();
    await waitFor(() => expect(stopped).toBe(1));
    await waitFor(() => expect(asked).toEqual(["tra", "tray"]));
  });

  it("says that there is nothing", async () => {
    await search("nowhere");
    await waitFor(() => expect(status()).toHaveTextContent("No SKU and no order matches “nowhere”."));
  });

  it("says what went wrong, keeps what was found, and tries again", async () => {
    finds("/orders", "mug", ORDER);
    server.use(refuses("get", "/variants", 503, "unavailable"));
    await search("mug");
    await waitFor(() => expect(status()).toHaveTextContent(/Searching did not work: \w+/));
    expect(screen.getByRole("option", { name: /#1001/ })).toBeVisible();
    finds("/variants", "mug", VARIANT);
    await userEvent.click(screen.getByRole("option", { name: "Try again" }));
    expect(await screen.findByRole("option", { name: /Blue mug/ })).toBeVisible();
  });

  it.each([
    ["webhooks", "/settings/webhooks"],
    ["berlin", "/connections/4"],
    ["sync hist", "/sync"],
  ])("knows %s without the API", async (term, path) => {
    const { router } = await search(term);
    expect(selected()).toHaveTextContent(new RegExp(term, "i"));
    server.use(
      answers("get", "/webhook-subscriptions", page()),
      refuses("get", "/connections/4", 404, "not_found"),
      answers("get", "/sync/runs", page()),
    );
    await userEvent.keyboard("{Enter}");
    await waitFor(() => expect(router.state.location.pathname).toBe(path));
  });

  it("offers what one's role may do, and is closed by Escape", async () => {
    server.use(answers("get", "/me", { ...ME, role: "viewer" }));
    const { box } = await search("");
    expect(screen.getByRole("option", { name: "Imports" })).toBeVisible();
    expect(screen.queryByRole("option", { name: "New SKU" })).toBeNull();
    await userEvent.type(box, "API keys");
    expect(screen.queryByRole("option", { name: "API keys" })).toBeNull();
    await userEvent.keyboard("{Escape}");
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  });

  it("goes round with the arrows, and does what is a command", async () => {
    await search("");
    expect(screen.queryByRole("option", { selected: true })).toBeNull();
    await userEvent.keyboard("{ArrowUp}");
    expect(selected()).toHaveTextContent("Sign out");
    await userEvent.keyboard("{ArrowDown}");
    expect(selected()).toHaveTextContent("Overview");
    await userEvent.keyboard("deutsch{Enter}");
    expect(await screen.findByRole("heading", { name: "Prüfen" })).toBeVisible();
  });
});
