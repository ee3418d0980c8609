import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, it } from "vitest";

import { ME, open, signedIn } from "@/test/app";
import { answers, refuses, server } from "@/test/server";

const OVERVIEW = {
  time_zone: "Europe/Berlin",
  today: {
    date: "2026-11-28",
    start: "2026-11-27T23:00:00Z",
    end: "2026-11-28T23:00:00Z",
    totals: [],
    converted: null,
  },
  connections: [],
  low_stock: 0,
  oversold: 0,
  attention: [],
};
const CONNECT = { step: "connect", state: "done", connection_id: null, count: 0, least_role: "admin" };
const MATCH = { step: "match", state: "open", connection_id: 3, count: 2, least_role: "staff" };
const FIRST_SYNC = { step: "first_sync", state: "open", connection_id: 4, count: 1, least_role: "admin" };
const SWITCH_ON = { step: "switch_on", state: "later", connection_id: null, count: 0, least_role: "staff" };
const UNDER_WAY = {
  steps: [CONNECT, MATCH, FIRST_SYNC, SWITCH_ON],
  done: false,
  hidden: false,
  tour_taken: true,
};
const NEW = {
  ...UNDER_WAY,
  steps: [
    { ...CONNECT, state: "open" },
    ...[MATCH, FIRST_SYNC, SWITCH_ON].map((step) => ({ ...step, state: "later", connection_id: null, count: 0 })),
  ],
};

async function shown() {
  return within(await screen.findByRole("region", { name: "First steps" }));
}

beforeEach(() => {
  signedIn();
  server.use(
    answers("get", "/dashboard/overview", OVERVIEW),
    answers("get", "/sandbox-shops", {
      items: [{ number: 1, platform: "woocommerce", name: "Sandbox store", use: "free" }],
    }),
  );
});

describe("first steps", () => {
  it("say where the account stands, and lead to where each step is done", async () => {
    server.use(answers("get", "/first-steps", UNDER_WAY));
    open("/overview");
    const steps = await shown();
    expect(steps.getByText("1 of 4 done")).toBeVisible();
    const [connect, match, firstSync, switchOn] = steps.getAllByRole("listitem");
    expect(connect).toHaveTextContent("Done");
    expect(match).toHaveAttribute("aria-current", "step");
    expect(match).toHaveTextContent("2 listings are not linked yet.");
    expect(steps.getByRole("link", { name: "Link listings" })).toHaveAttribute("href", "/matching?shop=3");
    expect(firstSync).toHaveTextContent("1 shop waits for your word.");
    expect(steps.getByRole("link", { name: "Look and agree" })).toHaveAttribute("href", "/changes?shop=4");
    expect(switchOn).toHaveTextContent("From then on a sale in one shop changes the numbers in the others.");
    expect(within(switchOn as HTMLElement).queryByRole("link")).toBeNull();
  });

  it("come with all else, so that nothing moves when they are known, and are not waited for in vain", async () => {
    let answer: (response: Response) => void = () => undefined;
    const known = new Promise<Response>((resolve) => (answer = resolve));
    server.use(http.get("*/api/v1/first-steps", () => known));
    const { queries } = open("/overview").options.context;
    const isThere = () => queries.getQueryState(["get", "/api/v1/dashboard/overview", {}])?.status === "success";
    await expect.poll(isThere).toBe(true);
    await expect(screen.findByText("No shop is connected yet", {}, { timeout: 500 })).rejects.toThrow();
    answer(HttpResponse.json({ code: "internal", status: 500 }, { status: 500 }));
    expect(await screen.findByText("No shop is connected yet")).toBeVisible();
  });

  it("begin with a shop, one to try with, or sample data, said once", async () => {
    server.use(answers("get", "/first-steps", NEW));
    open("/overview");
    const steps = await shown();
    expect(await steps.findByRole("link", { name: "Connect a shop" })).toHaveAttribute("href", "/connections/new");
    expect(await steps.findByRole("button", { name: "Try with a sandbox shop" })).toBeEnabled();
    expect(steps.getByRole("button", { name: "Look around with sample data" })).toBeEnabled();
    expect(screen.getByText("No shop is connected yet")).toBeVisible();
    expect(screen.getAllByRole("link", { name: "Connect a shop" })).toHaveLength(1);
  });

  it("say who can do what one cannot", async () => {
    server.use(
      answers("get", "/me", { ...ME, role: "viewer" }),
      answers("get", "/first-steps", UNDER_WAY),
    );
    open("/overview");
    const steps = await shown();
    expect(steps.getByText("Anybody but a viewer of the account does this.")).toBeVisible();
    expect(steps.getByText("An owner or admin of the account does this.")).toBeVisible();
    expect(steps.queryByRole("link")).toBeNull();
  });

  it("tell what SyncFlow is doing, and are not there any more once all is done", async () => {
    const writing = { ...SWITCH_ON, state: "waiting", connection_id: 4, count: 9 };
    const steps = [CONNECT, { ...MATCH, state: "done" }, { ...FIRST_SYNC, state: "done" }, writing];
    server.use(answers("get", "/first-steps", { ...UNDER_WAY, steps }));
    open("/overview");
    expect((await shown()).getByText("9 numbers are still being written.")).toBeVisible();
    server.use(answers("get", "/first-steps", { ...UNDER_WAY, done: true }));
    await expect.poll(() => screen.queryByRole("region", { name: "First steps" }), { timeout: 20_000 }).toBeNull();
    expect(await screen.findByRole("link", { name: "Connect a shop" })).toBeVisible();
  });

  it("are hidden by oneself, and brought back by the account's menu", async () => {
    const asked: unknown[] = [];
    server.use(
      answers("get", "/first-steps", UNDER_WAY),
      http.patch("*/api/v1/first-steps", async ({ request }) => {
        const wish = (await request.json()) as { hidden: boolean };
        asked.push(wish);
        return HttpResponse.json({ ...UNDER_WAY, ...wish });
      }),
    );
    open("/overview");
    await userEvent.click((await shown()).getByRole("button", { name: "Hide the first steps" }));
    await expect.poll(() => screen.queryByRole("region", { name: "First steps" })).toBeNull();
    expect(await screen.findByText("Your account's menu brings the first steps back.")).toBeVisible();
    server.use(answers("get", "/first-steps", { ...UNDER_WAY, hidden: true }));
    await userEvent.click(screen.getByRole("button", { name: /^Account/ }));
    await userEvent.click(await screen.findByRole("menuitem", { name: "First steps" }));
    await shown();
    expect(asked).toEqual([{ hidden: true }, { hidden: false }]);
  });

  it("leave the beginnings where they cannot be asked for", async () => {
    server.use(refuses("get", "/first-steps", 500, "internal"));
    open("/overview");
    expect(await screen.findByRole("link", { name: "Connect a shop" })).toBeVisible();
    expect(screen.queryByRole("alert")).toBeNull();
  });
});
