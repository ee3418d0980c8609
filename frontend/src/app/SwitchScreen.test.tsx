import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, it } from "vitest";

import { session } from "@/session/session";
import { ME, open, signedIn, token } from "@/test/app";
import { answers, refuses, server } from "@/test/server";

const OTHER = { account_id: 8, account_name: "Other", role: "owner", is_sample: false };
const OVERVIEW = {
  time_zone: "UTC",
  today: { date: "2026-11-30", start: "2026-11-30T00:00:00Z", totals: [], converted: null },
  attention: [],
  connections: [],
  low_stock: 0,
  oversold: 0,
};

/** By whose token a SKU was made. */
let made: (string | null)[] = [];

beforeEach(() => {
  made = [];
  signedIn();
  server.use(
    http.get("*/api/v1/me", () =>
      HttpResponse.json(
        session.accountId === 8 ? { ...ME, ...OTHER, accounts: [] } : { ...ME, accounts: [...ME.accounts, OTHER] },
      ),
    ),
    answers("post", "/auth/switch-account", token(8, "other's")),
    answers("get", "/dashboard/overview", OVERVIEW),
    answers("get", "/connections", { items: [], next: null }),
    answers("get", "/sandbox-shops", { items: [] }),
    http.post("*/api/v1/variants", ({ request }) => {
      made.push(request.headers.get("Authorization"));
      return HttpResponse.json({ status: 409, code: "conflict", detail: "" }, { status: 409 });
    }),
  );
});

async function choose() {
  await userEvent.click(await screen.findByRole("button", { name: /Anna's shop/ }));
  await userEvent.click(await screen.findByRole("menuitem", { name: "Other" }));
}

describe("another account", () => {
  it("is acted for at its overview, with nothing of the one before", async () => {
    const router = open("/stock/new");
    await choose();
    expect(await screen.findByRole("button", { name: /Other/ })).toBeVisible();
    expect(session.accountId).toBe(8);
    expect(router.state.location.pathname).toBe("/overview");
    expect(screen.queryByText("Anna's shop")).toBeNull();
  });

  it("is not acted for by whoever stays with what is not saved", async () => {
    open("/stock/new");
    await userEvent.type(await screen.findByLabelText("Name"), "Red mug");
    await choose();
    const ask = within(await screen.findByRole("dialog", { name: "Leave without saving?" }));
    await userEvent.click(ask.getByRole("button", { name: "Stay" }));
    await userEvent.click(await screen.findByRole("button", { name: "Create SKU" }));
    await waitFor(() => expect(made).toEqual(["Bearer token"]));
  });

  it("says why it cannot be, and tries again", async () => {
    server.use(refuses("post", "/auth/switch-account", 503, "unavailable"));
    open("/switch/8");
    const alert = within(await screen.findByRole("alert"));
    expect(session.accountId).toBe(7);
    server.use(answers("post", "/auth/switch-account", token(8, "other's")));
    await userEvent.click(alert.getByRole("button", { name: "Try again" }));
    await waitFor(() => expect(session.accountId).toBe(8));
  });
});
