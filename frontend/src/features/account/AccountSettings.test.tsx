import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";

import { open, signedIn } from "@/test/app";
import { takes } from "@/test/sent";
import { answers, server } from "@/test/server";

const ACCOUNT = { id: 7, name: "Anna's shop", safety_stock: 0, low_stock_threshold: 10, writes_stopped_at: null };
const REPORTING = { time_zone: "UTC", currency: null, rates: [] };

async function opened() {
  signedIn();
  server.use(
    answers("get", "/account", ACCOUNT),
    answers("get", "/account/reporting", REPORTING),
    answers("get", "/api-keys", { items: [], next: null }),
  );
  const router = open("/settings/account");
  return { router, safety: await screen.findByLabelText("Safety stock") };
}

async function leave() {
  await userEvent.click(screen.getByRole("link", { name: "API keys" }));
}

describe("The account's settings", () => {
  it("ask before a step elsewhere loses what was changed", async () => {
    const { router, safety } = await opened();
    await userEvent.clear(safety);
    await userEvent.type(safety, "3");
    await leave();
    const dialog = await screen.findByRole("dialog", { name: "Leave without saving?" });
    await userEvent.click(within(dialog).getByRole("button", { name: "Stay" }));
    expect(router.state.location.pathname).toBe("/settings/account");
    expect(safety).toHaveValue("3");

    await leave();
    await userEvent.click(await screen.findByRole("button", { name: "Leave" }));
    await waitFor(() => expect(router.state.location.pathname).toBe("/settings/api-keys"));
  });

  it("let go at once who changed nothing, and who saved", async () => {
    const { router, safety } = await opened();
    const sent = takes({ "patch /account": { ...ACCOUNT, safety_stock: 3 } });
    await userEvent.clear(safety);
    await userEvent.type(safety, "3");
    server.use(answers("get", "/account", { ...ACCOUNT, safety_stock: 3 }));
    await userEvent.click(screen.getAllByRole("button", { name: "Save" })[0] as HTMLElement);
    expect(await screen.findByText("Saved.")).toBeVisible();
    expect(sent).toEqual([
      expect.objectContaining({ body: { name: "Anna's shop", safety_stock: 3, low_stock_threshold: 10 } }),
    ]);
    await leave();
    await waitFor(() => expect(router.state.location.pathname).toBe("/settings/api-keys"));
    expect(screen.queryByRole("dialog")).not.toBeInTheDocument();
  });
});
