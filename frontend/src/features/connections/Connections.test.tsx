import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { ME, open, signedIn } from "@/test/app";
import { CONNECTION, HEALTH, page, PLATFORMS, STATUS } from "@/test/connections";
import { takes } from "@/test/sent";
import { answers, refuses, server } from "@/test/server";

import * as leaving from "@/ui/leaving";

beforeEach(signedIn);

function shops(connections: object[], statuses: object[]) {
  server.use(answers("get", "/connections", page(connections)), answers("get", "/dashboard/status", { items: statuses }));
}

describe("the list of connections", () => {
  it("shows each shop's light, the reason, the last success and what is pending", async () => {
    shops(
      [CONNECTION, { ...CONNECTION, id: 2, name: "Pots", shop: "pots.example", state: "disconnected" }],
      [{ ...STATUS, light: "red", reasons: ["failing"], failures: 4, last_error: "It timed out." }],
    );
    open("/connections");
    const [tea, pots] = (await screen.findAllByRole("row")).slice(1);
    expect(tea).toHaveTextContent("TeaShopify · tea.myshopify.com");
    expect(tea).toHaveTextContent("Not in sync4 calls in a row failed: It timed out.");
    expect(tea).toHaveTextContent("1 minute ago3");
    expect(pots).toHaveTextContent("Look hereIt is disconnected.");
    expect(within(tea as HTMLElement).getByRole("link", { name: "Tea" })).toHaveAttribute("href", "/connections/1");
  });

  it("leads on where there is no shop yet", async () => {
    shops([], []);
    open("/connections");
    expect(await screen.findByText("No shop is connected yet")).toBeVisible();
    expect(screen.getAllByRole("link", { name: "Connect a shop" })[0]).toHaveAttribute("href", "/connections/new");
  });

  it("offers viewers and samples nothing to connect", async () => {
    server.use(answers("get", "/me", { ...ME, role: "viewer" }));
    shops([], []);
    open("/connections");
    expect(await screen.findByText("No shop is connected yet")).toBeVisible();
    expect(screen.queryByRole("link", { name: "Connect a shop" })).toBeNull();
  });

  it("tells of attempts that failed, and why, but not of old ones", async () => {
    const failed = { ...CONNECTION, id: 3, shop: "", state: "disconnected", config: { shop: "pots" } };
    shops(
      [
        { ...failed, reason: "The shop's owner said no.", created_at: new Date().toISOString() },
        { ...failed, id: 4, reason: "Long ago.", created_at: "2020-01-01T00:00:00Z" },
      ],
      [],
    );
    open("/connections");
    const attempts = within(await screen.findByRole("region", { name: "Not connected yet" }));
    expect(attempts.getByText("The shop's owner said no.")).toBeVisible();
    expect(attempts.getByRole("link", { name: "Try again" })).toHaveAttribute(
      "href",
      "/connections/new?platform=shopify&address=pots",
    );
    expect(screen.queryByText("Long ago.")).toBeNull();
  });

  it("says why in the language of the reader", async () => {
    const gone = { code: "not_reached", values: { host: "tea.myshopify.com" } };
    const failing = { reasons: ["failing"], failures: 4, last_error: "tea.myshopify.com cannot be reached." };
    const refused = { code: "owner_said_no", values: {} };
    shops(
      [
        CONNECTION,
        {
          ...CONNECTION,
          ...{ id: 3, shop: "", state: "disconnected", created_at: new Date().toISOString() },
          ...{ reason: "The shop's owner said no.", reason_said: refused },
        },
      ],
      [{ ...STATUS, light: "red", ...failing, last_error_said: gone }],
    );
    open("/connections", "de");
    expect(await screen.findByText("Wer den Shop besitzt, hat abgelehnt.")).toBeVisible();
    expect(screen.getByRole("row", { name: /Tea/ })).toHaveTextContent("tea.myshopify.com ist nicht erreichbar.");
  });

  it("says what failed, and when there are more than it shows", async () => {
    server.use(refuses("get", "/connections", 500, "internal"), answers("get", "/dashboard/status", { items: [] }));
    open("/connections");
    const alert = await screen.findByRole("alert");
    server.use(answers("get", "/connections", { ...page([CONNECTION]), next: "more" }));
    await userEvent.click(within(alert).getByRole("button", { name: "Try again" }));
    expect(await screen.findByRole("link", { name: "Tea" })).toBeVisible();
    expect(screen.getByText("1 is shown")).toBeVisible();
  });
});

describe("a connection's page", () => {
  function shown(connection: object = {}, health: object = {}) {
    server.use(
      answers("get", "/connections/1", { ...CONNECTION, ...connection }),
      answers("get", "/connections/1/health", { ...HEALTH, ...health }),
      answers("get", "/dashboard/sync", { shops: [{ connection_id: 1, hours: 100, hours_out: 2, reached_permille: 980 }] }),
    );
    open("/connections/1");
  }

  it("says how the shop is doing, in figures", async () => {
    shown(
      {},
      {
        webhook_coverage: 0.9,
        orders_announced: 9,
        orders_missed: 1,
        backoff_until: "2026-11-28T12:00:00Z",
        credentials: { state: "stored", expires_at: "2027-02-01T00:00:00Z" },
      },
    );
    const facts = await screen.findByRole("region", { name: "What is known" });
    expect(facts).toHaveTextContent("90%9 of 10 changed orders of three days");
    expect(facts).toHaveTextContent("AnswersLeft alone after failures");
    expect(facts).toHaveTextContent("Good until");
    expect(facts).toHaveTextContent("198 of 200");
    await waitFor(() => expect(facts).toHaveTextContent("98%In 2 of the 100 hours in which it was called it answered nothing."));
  });

  it("lets a sync that stopped go on only once its figures were agreed to", async () => {
    const sent = takes({ "post /connections/1/release-brake": CONNECTION });
    const shop = { connection_id: 1, connection_name: "Tea", raised: 0, lowered: 1, to_zero: 39, held: 0, refused: 0 };
    server.use(answers("get", "/sync/preview/totals", { looked_at: 100, at_least: false, connections: [shop] }));
    shown({}, { braked_at: "2026-11-29T12:00:00Z" });
    await userEvent.click(await screen.findByRole("button", { name: "Release the brake" }));
    const dialog = within(await screen.findByRole("dialog", { name: "Let Tea go on?" }));
    expect(await dialog.findByText(/1 lowered, 39 to zero/)).toBeVisible();
    expect(sent).toHaveLength(0);
    await userEvent.click(dialog.getByRole("button", { name: "Release the brake" }));
    expect(await screen.findByText("Tea goes on.")).toBeVisible();
    expect(sent).toHaveLength(1);
  });

  it("counts as unlinked what waits to be linked, and says what else is", async () => {
    shown({ counts: { ...CONNECTION.counts, unlinked: { no_sku: 1, untracked: 1 } } });
    const facts = await screen.findByRole("region", { name: "What is known" });
    expect(facts).toHaveTextContent(
      "1 is not linked to your stock, and left alone. Match them Left unlinked: the shop keeps no number (1).",
    );
  });

  it("leaves out what is known no more of a shop that is disconnected", async () => {
    shown({ state: "disconnected" }, { state: "disconnected" });
    const facts = within(await screen.findByRole("region", { name: "What is known" }));
    const names = facts.getAllByRole("term").map((term) => term.textContent);
    expect(names).toEqual(["Last success", "Linked listings", "Reachable, last 30 days"]);
  });

  it("is paused at once, and not if the server refuses", async () => {
    shown();
    let answer = (): void => undefined;
    const answering = new Promise<void>((resolve) => (answer = resolve));
    server.use(
      http.post("*/api/v1/connections/1/pause", async () => {
        await answering;
        return HttpResponse.json({ type: "about:blank", status: 409, code: "conflict", detail: "" }, { status: 409 });
      }),
    );
    await userEvent.click(await screen.findByRole("button", { name: "Pause" }));
    expect(await screen.findByRole("button", { name: "Resume" })).toBeVisible();
    answer();
    expect(await screen.findByText("That is not possible now")).toBeVisible();
    expect(await screen.findByRole("button", { name: "Pause" })).toBeVisible();
  });

  it("is disconnected only once its name is typed", async () => {
    shown();
    const asked = vi.fn();
    server.use(
      http.post("*/api/v1/connections/1/disconnect", () => {
        asked();
        return HttpResponse.json({ ...CONNECTION, state: "disconnected" });
      }),
    );
    await userEvent.click(await screen.findByRole("button", { name: "More" }));
    await userEvent.click(await screen.findByRole("menuitem", { name: "Disconnect" }));
    const dialog = within(await screen.findByRole("dialog", { name: "Disconnect Tea?" }));
    expect(dialog.getByText(/Its orders no longer come in/)).toBeInTheDocument();
    const name = dialog.getByRole("textbox");
    await userEvent.type(name, "tea{Enter}");
    expect(dialog.getByRole("button", { name: "Disconnect" })).toBeDisabled();
    expect(asked).not.toHaveBeenCalled();
    await userEvent.clear(name);
    await userEvent.type(name, "Tea{Enter}");
    await waitFor(() => expect(asked).toHaveBeenCalledTimes(1));
    expect(await screen.findByText("The shop is disconnected")).toBeVisible();
  });

  it("keeps the focus with what can be done next", async () => {
    shown();
    const becomes = (state: string) =>
      http.post("*/api/v1/connections/1/:action", () => {
        server.use(answers("get", "/connections/1", { ...CONNECTION, state }));
        return HttpResponse.json({ ...CONNECTION, state });
      });
    const focused = (name: string) =>
      waitFor(() => expect(screen.getByRole("button", { name })).toHaveFocus(), { timeout: 3000 });
    server.use(becomes("paused"));
    (await screen.findByRole("button", { name: "Pause" })).focus();
    await userEvent.keyboard("{Enter}");
    await focused("Resume");
    server.use(becomes("active"));
    await userEvent.keyboard("{Enter}");
    await focused("Pause");
    screen.getByRole("button", { name: "More" }).focus();
    await userEvent.keyboard("{Enter}");
    await userEvent.click(await screen.findByRole("menuitem", { name: "Disconnect" }));
    await userEvent.type(within(await screen.findByRole("dialog")).getByRole("textbox"), "Te{Escape}");
    await focused("More");
    server.use(becomes("disconnected"));
    await userEvent.keyboard("{Enter}");
    await userEvent.click(await screen.findByRole("menuitem", { name: "Disconnect" }));
    await userEvent.type(within(await screen.findByRole("dialog")).getByRole("textbox"), "Tea{Enter}");
    await focused("Connect again");
  });

  it.each([
    ["viewer", []],
    ["staff", ["Pause", "More"]],
    ["owner", ["Pause", "More"]],
  ])("offers a %s what the role allows", async (role, names) => {
    server.use(answers("get", "/me", { ...ME, role }));
    shown();
    await screen.findByRole("region", { name: "What is known" });
    for (const name of ["Pause", "More"]) {
      expect(screen.queryAllByRole("button", { name })).toHaveLength(names.includes(name) ? 1 : 0);
    }
  });

  it("says what came of a test, in words", async () => {
    shown();
    const trial = { ok: false, message: "Timed out.", code: "platform_transient", remedy: "", milliseconds: 9 };
    server.use(answers("post", "/connections/1/test", trial));
    await userEvent.click(await screen.findByRole("button", { name: "Test the connection" }));
    expect(await screen.findByText("The shop does not answer")).toBeVisible();
    expect(screen.getByText("Timed out.")).toBeVisible();
  });

  it("is connected again by agreeing there, or by new keys where its platform takes them", async () => {
    shown({ platform: "woocommerce", state: "needs_auth" });
    server.use(answers("get", "/platforms", PLATFORMS));
    const sent = takes({ "post /connections/1/reconnect": { connection: CONNECTION, authorize_url: null } });
    await userEvent.click(await screen.findByRole("button", { name: "Connect again" }));
    const dialog = within(await screen.findByRole("dialog", { name: "Connect Tea again" }));
    expect(await dialog.findByRole("button", { name: "Go on to WooCommerce" })).toBeVisible();
    expect(dialog.queryByLabelText("Consumer key")).toBeNull();
    await userEvent.click(dialog.getByRole("radio", { name: "Paste keys" }));
    expect(dialog.queryByRole("button", { name: "Go on to WooCommerce" })).toBeNull();
    await userEvent.click(dialog.getByRole("button", { name: "Connect" }));
    expect(await dialog.findAllByText("This is needed.")).toHaveLength(2);
    await userEvent.type(dialog.getByLabelText("Consumer key"), "ck_12345678");
    await userEvent.type(dialog.getByLabelText("Consumer secret"), "cs_12345678");
    await userEvent.click(dialog.getByRole("button", { name: "Connect" }));
    await expect
      .poll(() => sent[0]?.body)
      .toEqual({ config: { consumer_key: "ck_12345678", consumer_secret: "cs_12345678" } });
  });

  it("leads to the platform where it has to be connected again", async () => {
    const left = vi.spyOn(leaving, "goTo").mockReturnValue();
    shown({ state: "needs_auth" }, { state: "needs_auth", light: { ...HEALTH.light, colour: "red" }, reasons: ["needs_auth"] });
    server.use(
      answers("get", "/platforms", PLATFORMS),
      answers("post", "/connections/1/reconnect", { connection: CONNECTION, authorize_url: "https://tea.example/yes" }),
    );
    await userEvent.click(await screen.findByRole("button", { name: "Connect again" }));
    await userEvent.click(await screen.findByRole("button", { name: "Go on to Shopify" }));
    await waitFor(() => expect(left).toHaveBeenCalledWith("https://tea.example/yes"));
  });
});
