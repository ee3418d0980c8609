import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, it } from "vitest";

import { ACCOUNT, ME, open, signedIn } from "@/test/app";
import { takes } from "@/test/sent";
import { answers, refuses, server } from "@/test/server";

const ANNA = { user_id: 1, email: "anna@example.com", role: "owner", joined_at: "2026-01-01T00:00:00Z" };
const BEN = { user_id: 2, email: "ben@example.com", role: "staff", joined_at: "2026-02-01T00:00:00Z" };

function page(...items: object[]) {
  return { items, next: null };
}

function as(role: string) {
  server.use(answers("get", "/me", { ...ME, role }));
}

beforeEach(() => {
  signedIn();
  server.use(
    answers("get", "/account/reporting", { time_zone: "Europe/Berlin", currency: null, rates: [] }),
    answers("get", "/locations", { items: [], next: null }),
    answers("get", "/members", page(ANNA, BEN)),
    answers("get", "/invitations", page()),
  );
});

describe("the settings", () => {
  it("open at the account, with the parts that one's role may see", async () => {
    as("viewer");
    open("/settings");
    expect(await screen.findByRole("textbox", { name: "Name of the account" })).toHaveAttribute("readonly");
    const parts = within(screen.getByRole("navigation", { name: "Parts of the settings" }));
    expect(parts.getAllByRole("link").map((link) => link.textContent)).toEqual([
      "Account and figures",
      "Members and roles",
      "Notifications",
      "Security",
      "Google Sheets, billing",
    ]);
  });

  it.each([
    ["/settings/api-keys", "staff", "An owner or admin of the account does this."],
    ["/settings/data", "admin", "An owner of the account does this."],
  ])("say at %s who may do that", async (address, role, words) => {
    as(role);
    open(address);
    expect(await screen.findByText(words)).toBeVisible();
  });

  it("change the name and the safety stock", async () => {
    const sent = takes({ "patch /account": ACCOUNT });
    open("/settings/account");
    const name = await screen.findByRole("textbox", { name: "Name of the account" });
    const form = within(screen.getByRole("region", { name: "Account" }));
    await userEvent.clear(name);
    await userEvent.click(form.getByRole("button", { name: "Save" }));
    expect(form.getByText("This is needed.")).toBeVisible();
    await userEvent.type(name, "Tea and pots");
    const low = form.getByRole("textbox", { name: "Low stock" });
    await userEvent.clear(low);
    await userEvent.type(low, "5");
    server.use(answers("get", "/account", { ...ACCOUNT, name: "Tea and pots", low_stock_threshold: 5 }));
    await userEvent.click(form.getByRole("button", { name: "Save" }));
    expect(await form.findByText("Saved.")).toBeVisible();
    expect(sent.map(({ body }) => body)).toEqual([{ name: "Tea and pots", low_stock_threshold: 5 }]);
  });
});

describe("members", () => {
  it("get no role above one's own, and nobody touches who is above", async () => {
    as("admin");
    open("/settings/team");
    const list = within(await screen.findByRole("list", { name: "Members" }));
    expect(list.queryByRole("combobox", { name: "Role of anna@example.com" })).toBeNull();
    await userEvent.click(list.getByRole("combobox", { name: "Role of ben@example.com" }));
    const roles = await screen.findAllByRole("option");
    expect(roles.map((role) => role.textContent)).toEqual(["Viewer", "Staff", "Admin"]);
    expect(list.queryByRole("button", { name: /^Make owner/ })).toBeNull();
  });

  it("get another role from the one that was seen only", async () => {
    const ben = (role: string, version: string) =>
      http.get("*/api/v1/members/2", () => HttpResponse.json({ ...BEN, role }, { headers: { ETag: version } }));
    const sent = takes({ "patch /members/2": BEN });
    server.use(ben("admin", '"2"'));
    open("/settings/team");
    const role = await screen.findByRole("combobox", { name: "Role of ben@example.com" });
    server.use(answers("get", "/members", page(ANNA, { ...BEN, role: "admin" })));
    await userEvent.click(role);
    await userEvent.click(await screen.findByRole("option", { name: "Viewer" }));
    expect(await screen.findByText("Somebody changed it meanwhile")).toBeVisible();
    await waitFor(() => expect(role).toHaveValue("Admin"));
    expect(sent).toEqual([]);
    await userEvent.click(role);
    await userEvent.click(await screen.findByRole("option", { name: "Viewer" }));
    await waitFor(() => expect(sent.map(({ body }) => body)).toEqual([{ role: "viewer" }]));
    expect(sent[0]?.headers.get("If-Match")).toBe('"2"');
  });

  it("are removed once that was confirmed", async () => {
    const sent = takes({ "delete /members/2": null });
    open("/settings/team");
    await userEvent.click(await screen.findByRole("button", { name: "Remove ben@example.com" }));
    const dialog = within(await screen.findByRole("dialog", { name: "Remove a member" }));
    expect(dialog.getByText(/ben@example.com is out at once/)).toBeVisible();
    expect(sent).toEqual([]);
    await userEvent.click(dialog.getByRole("button", { name: "Remove" }));
    await expect.poll(() => sent.map(({ what }) => what)).toEqual(["delete /members/2"]);
  });

  it("are invited", async () => {
    const sent = takes({ "post /invitations": {} });
    open("/settings/team");
    const form = within(await screen.findByRole("region", { name: "Invite somebody" }));
    await userEvent.type(form.getByRole("textbox", { name: "E-mail address" }), "nobody");
    await userEvent.click(form.getByRole("button", { name: "Invite" }));
    expect(form.getByText("That is no e-mail address.")).toBeVisible();
    await userEvent.type(form.getByRole("textbox", { name: "E-mail address" }), "@example.com");
    await userEvent.click(form.getByRole("button", { name: "Invite" }));
    await expect.poll(() => sent.map(({ body }) => body)).toEqual([{ email: "nobody@example.com", role: "staff" }]);
  });
});

describe("API keys", () => {
  it("show their secret this once", async () => {
    server.use(
      answers("get", "/api-keys", page()),
      http.get("*/api/v1/api-keys/scopes", async () => {
        await waitFor(() => expect(screen.getByRole("button", { name: "Close" })).toHaveFocus());
        return HttpResponse.json({ items: ["orders:read", "stock:read", "stock:write"] });
      }),
    );
    const sent = takes({ "post /api-keys": { id: 3, secret: "sf_live_abc" } });
    open("/settings/api-keys");
    expect(await screen.findByText("No API key yet")).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "New key" }));
    const dialog = within(await screen.findByRole("dialog", { name: "New key" }));
    const name = await dialog.findByRole("textbox", { name: "Name" });
    await waitFor(() => expect(name).toHaveFocus(), { timeout: 2000 });
    await userEvent.type(name, "ERP");
    await userEvent.click(dialog.getByRole("button", { name: "Create" }));
    expect(await dialog.findByText("Choose one at least.")).toBeVisible();
    expect(dialog.getByRole("checkbox", { name: "Stock: Write" })).toHaveAttribute("value", "stock:write");
    expect(dialog.queryByRole("checkbox", { name: "Orders: Write" })).toBeNull();
    await userEvent.click(dialog.getByRole("button", { name: "All that reads" }));
    await userEvent.click(dialog.getByRole("button", { name: "Create" }));
    expect(await dialog.findByText("sf_live_abc")).toBeVisible();
    expect(sent[0]?.body).toMatchObject({ name: "ERP", scopes: ["orders:read", "stock:read"] });
    await userEvent.click(dialog.getByRole("button", { name: "I have kept it" }));
    expect(screen.queryByText("sf_live_abc")).toBeNull();
  });
});

describe("webhooks", () => {
  const HOOK = {
    ...{ id: 5, url: "https://erp.example.com/hook", kinds: ["order.created"], description: "ERP" },
    ...{ state: "active", state_reason: "", failing_since: null, quiet_until: null },
    ...{ previous_secret_until: null, created_at: "2026-11-01T00:00:00Z" },
  };
  const DEAD = {
    ...{ id: 9, subscription_id: 5, event_id: "evt_1", kind: "order.created", state: "dead", attempts: 15 },
    ...{ status: 500, fault: "status", duration_ms: 31, created_at: "2026-11-28T10:00:00Z" },
    ...{ attempted_at: "2026-11-28T11:00:00Z", next_attempt_at: null },
  };

  it("show what was sent, what was answered, and send it again", async () => {
    server.use(
      answers("get", "/webhook-subscriptions/5", HOOK),
      answers("get", "/webhook-subscriptions/5/deliveries", page(DEAD)),
      answers("get", "/webhook-deliveries/9", {
        ...DEAD,
        body: '{"id":"evt_1"}',
        answer: "<b>no</b>",
        history: [{ at: "2026-11-28T11:00:00Z", status: 500, fault: "status", duration_ms: 31 }],
      }),
    );
    const sent = takes({ "post /webhook-deliveries/9/replay": null });
    open("/settings/webhooks/5");
    const log = within(await screen.findByRole("list", { name: "Deliveries" }));
    expect(log.getByText("Failed for good")).toBeVisible();
    expect(log.getByText(/answered 500 · the receiver did not accept it · 31 ms · 15 attempts/)).toBeVisible();
    await userEvent.click(log.getByRole("button", { name: "Look at: order.created, 9" }));
    const dialog = within(await screen.findByRole("dialog", { name: "Delivery" }));
    expect(await dialog.findByText("<b>no</b>")).toBeVisible();
    expect(dialog.getByRole("list", { name: "Every attempt" })).toHaveTextContent(
      /^answered 500 · the receiver did not accept it.* · 31 ms$/,
    );
    await userEvent.click(dialog.getByRole("button", { name: "Close" }));
    await userEvent.click(log.getByRole("button", { name: "Send again: order.created, 9" }));
    await expect.poll(() => sent.map(({ what }) => what)).toEqual(["post /webhook-deliveries/9/replay"]);
  });

  it("offer to send all again only where something failed, however long ago", async () => {
    const delivered = { ...DEAD, id: 10, state: "delivered", status: 200, fault: "" };
    const waits = { ...DEAD, id: 11, state: "pending", next_attempt_at: "2026-11-28T11:30:00Z" };
    let failed: object[] = [DEAD];
    server.use(
      answers("get", "/webhook-subscriptions/5", HOOK),
      http.get("*/api/v1/webhook-subscriptions/5/deliveries", ({ request }) =>
        HttpResponse.json(new URL(request.url).searchParams.has("state") ? page(...failed) : page(delivered, waits)),
      ),
      http.post("*/api/v1/webhook-subscriptions/5/replay", () => {
        failed = [];
        return HttpResponse.json({ deliveries: 1 }, { status: 202 });
      }),
    );
    open("/settings/webhooks/5");
    await userEvent.click(await screen.findByRole("button", { name: "Send all again that failed" }));
    expect(screen.getByText(/ · will be tried again at /)).toBeInTheDocument();
    await userEvent.click(await screen.findByRole("button", { name: "Send again" }));
    await waitFor(() => expect(screen.queryByRole("button", { name: "Send all again that failed" })).toBeNull());
    await waitFor(() => expect(screen.getByRole("combobox", { name: "State" })).toHaveFocus());
  });

  it("say that one fails, and not in the colour of one that works", async () => {
    server.use(
      answers("get", "/webhook-subscriptions", page({ ...HOOK, failing_since: "2026-11-28T10:00:00Z" }, { ...HOOK, id: 6 })),
    );
    open("/settings/webhooks");
    const colour = async (words: string) => {
      const badge = (await screen.findByText(words)).closest(".mantine-Badge-root");
      return badge?.querySelector("circle")?.getAttribute("fill");
    };
    expect(await colour("Active")).toBe("var(--mantine-color-green-6)");
    expect(await colour("Fails")).toBe("var(--mantine-color-yellow-6)");
  });

  it("are changed by the version that was seen, and keep what was typed where somebody else was faster", async () => {
    const hook = (more: object, version: string) =>
      http.get("*/api/v1/webhook-subscriptions/5", () =>
        HttpResponse.json({ ...HOOK, ...more }, { headers: { ETag: version } }),
      );
    server.use(hook({}, '"1"'), answers("get", "/webhook-subscriptions/5/deliveries", page()));
    open("/settings/webhooks/5");
    await userEvent.click(await screen.findByRole("button", { name: "Change" }));
    const dialog = within(await screen.findByRole("dialog", { name: "Change" }));
    const description = await dialog.findByRole("textbox", { name: "What it is for" });
    await userEvent.type(description, " of Berlin");
    server.use(
      hook({ kinds: ["order.created", "stock.low"] }, '"2"'),
      refuses("patch", "/webhook-subscriptions/5", 412, "precondition_failed"),
    );
    await userEvent.click(dialog.getByRole("button", { name: "Save" }));
    expect(await dialog.findByRole("alert")).toHaveTextContent("Somebody changed it meanwhile");
    await waitFor(() => expect(dialog.getByRole("checkbox", { name: "Stock runs low" })).toBeChecked());
    expect(description).toHaveValue("ERP of Berlin");
    const sent = takes({ "patch /webhook-subscriptions/5": HOOK });
    await userEvent.click(dialog.getByRole("button", { name: "Save" }));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(sent[0]?.headers.get("If-Match")).toBe('"2"');
    expect(sent[0]?.body).toMatchObject({ description: "ERP of Berlin", kinds: ["order.created", "stock.low"] });
  });

  it("are made with what they are told of", async () => {
    server.use(answers("get", "/webhook-subscriptions", page()));
    const sent = takes({ "post /webhook-subscriptions": { id: 5, secret: "whsec_abc" } });
    open("/settings/webhooks");
    await userEvent.click(await screen.findByRole("button", { name: "New webhook" }));
    const dialog = within(await screen.findByRole("dialog", { name: "New webhook" }));
    await userEvent.click(dialog.getByRole("button", { name: "Create" }));
    expect(dialog.getByRole("textbox", { name: "Address" })).toHaveAccessibleDescription(/^This is needed\./);
    await userEvent.type(dialog.getByRole("textbox", { name: "Address" }), "http://erp.example.com");
    await userEvent.click(dialog.getByRole("button", { name: "Create" }));
    expect(dialog.getByText("An address that begins with https://")).toBeVisible();
    await userEvent.clear(dialog.getByRole("textbox", { name: "Address" }));
    await userEvent.type(dialog.getByRole("textbox", { name: "Address" }), "https://erp.example.com");
    await userEvent.click(dialog.getByRole("checkbox", { name: "Stock runs low" }));
    await userEvent.click(dialog.getByRole("button", { name: "Create" }));
    expect(await dialog.findByText("whsec_abc")).toBeVisible();
    expect(sent[0]?.body).toEqual({ url: "https://erp.example.com", description: "", kinds: ["stock.low"] });
  });
});

describe("notifications", () => {
  it("keep a phone number, however it is written, and say what is none", async () => {
    server.use(answers("get", "/notification-preferences", { items: [], phone: null }));
    const sent = takes({ "patch /notification-preferences": { items: [], phone: "+4915112345678" } });
    open("/settings/notifications");
    const number = await screen.findByRole("textbox", { name: "Mobile number" });
    await userEvent.type(number, "0151 1234{Enter}");
    expect(number).toHaveAccessibleDescription(/^Write it with the country's code/);
    expect(number).toBeInvalid();
    expect(sent).toEqual([]);
    await userEvent.clear(number);
    await userEvent.type(number, "0049 (151) 123-456 78{Enter}");
    await waitFor(() => expect(screen.getByRole("textbox", { name: "Mobile number" })).toHaveValue("+4915112345678"));
    expect(sent.map(({ body }) => body)).toEqual([{ phone: "+4915112345678" }]);
  });

  const LOW = { kind: "low_stock", channel: "email", wanted: false };
  const OVERSOLD = { ...LOW, kind: "oversold" };

  /** An API that keeps wishes, and takes `ms` for the first of them; what `isRefused` is not kept. In order: all that
   *  were answered. */
  function wishes(isRefused: (wish: typeof LOW) => boolean, ms = 0) {
    let kept = [LOW, { ...LOW, channel: "app" }, OVERSOLD];
    let asked = 0;
    const answered: [string, boolean][] = [];
    server.use(
      http.get("*/api/v1/notification-preferences", () => HttpResponse.json({ items: kept, phone: null })),
      http.patch("*/api/v1/notification-preferences", async ({ request }) => {
        const { items } = (await request.json()) as { items: [typeof LOW] };
        const [wish] = items;
        asked += 1;
        await new Promise((resolve) => setTimeout(resolve, asked === 1 ? ms : 0));
        answered.push([wish.kind, wish.wanted]);
        if (isRefused(wish)) {
          return HttpResponse.json({ status: 500, code: "internal", detail: "" }, { status: 500 });
        }
        kept = kept.map((each) => (each.kind === wish.kind && each.channel === wish.channel ? wish : each));
        return HttpResponse.json({ items: kept, phone: null });
      }),
    );
    return answered;
  }

  it("are switched at once, and back where that fails", async () => {
    let fails = false;
    const answered = wishes(() => fails);
    open("/settings/notifications");
    const low = await screen.findByRole("switch", { name: /^A variant runs low/ });
    await userEvent.click(low);
    expect(low).toBeChecked();
    await expect.poll(() => answered).toEqual([["low_stock", true]]);
    fails = true;
    await userEvent.click(low);
    await expect.poll(() => answered).toHaveLength(2);
    await expect.poll(() => low).toBeChecked();
    expect(screen.getByText("Mails about events are not sent yet")).toBeVisible();
  });

  it("keep one that was saved where another is refused late", async () => {
    const answered = wishes(({ kind }) => kind === "low_stock", 300);
    open("/settings/notifications");
    const low = await screen.findByRole("switch", { name: /^A variant runs low/ });
    const oversold = screen.getByRole("switch", { name: /^More was sold/ });
    await userEvent.click(low);
    await userEvent.click(oversold);
    await expect.poll(() => low).not.toBeChecked();
    expect(oversold).toBeChecked();
    await expect.poll(() => answered).toHaveLength(2);
    expect(oversold).toBeChecked();
  });

  it("are saved in the order in which they were switched", async () => {
    const answered = wishes(() => false, 300);
    open("/settings/notifications");
    const low = await screen.findByRole("switch", { name: /^A variant runs low/ });
    await userEvent.click(low);
    await userEvent.click(low);
    expect(low).not.toBeChecked();
    await expect.poll(() => answered).toHaveLength(2);
    expect(answered).toEqual([["low_stock", true], ["low_stock", false]]);
    expect(low).not.toBeChecked();
  });
});

describe("security", () => {
  beforeEach(() =>
    server.use(
      answers("get", "/auth/second-factor", { enabled: false, recovery_codes_left: 0 }),
      answers("get", "/auth/sessions", page()),
    ),
  );

  it("sets up a second factor: password, picture, code, recovery codes", async () => {
    server.use(refuses("post", "/auth/second-factor", 403, "wrong_password"));
    open("/settings/security");
    await userEvent.click(await screen.findByRole("button", { name: "Set up a second factor" }));
    const dialog = within(await screen.findByRole("dialog", { name: "Set up a second factor" }));
    await userEvent.type(dialog.getByLabelText("Password"), "not this");
    await userEvent.click(dialog.getByRole("button", { name: "Go on" }));
    expect(await dialog.findByText("The password is wrong")).toBeVisible();
    const sent = takes({
      "post /auth/second-factor": { secret: "JBSWY3DP", uri: "otpauth://totp/SyncFlow:anna?secret=JBSWY3DP" },
      "post /auth/second-factor/confirm": { recovery_codes: ["aaaa-bbbb", "cccc-dddd"] },
    });
    await userEvent.click(dialog.getByRole("button", { name: "Go on" }));
    expect(await dialog.findByRole("img", { name: /QR code/ })).toBeVisible();
    expect(dialog.getByText("JBSWY3DP")).toBeVisible();
    await userEvent.type(dialog.getByRole("textbox", { name: "Code" }), "123456");
    await userEvent.click(dialog.getByRole("button", { name: "Turn it on" }));
    const codes = within(await screen.findByRole("dialog", { name: "Recovery codes" }));
    expect(codes.getByText(/aaaa-bbbb/)).toBeVisible();
    expect(sent.map(({ body }) => body)).toEqual([{ password: "not this" }, { code: "123456" }]);
  });

  it("names devices in the reader's language", async () => {
    const device = (id: number, program: string, system: string) => ({
      ...{ id, program, system, device: "", address: "10.0.0.1", current: false },
      ...{ created_at: "2026-11-01T00:00:00Z", last_used_at: "2026-11-28T10:00:00Z", expires_at: "2027-01-01T00:00:00Z" },
    });
    const devices = [device(1, "Firefox", "Windows"), device(2, "curl", ""), device(3, "", "")];
    server.use(answers("get", "/auth/sessions", page(...devices)));
    open("/settings/security", "de");
    expect(await screen.findByRole("button", { name: "Abmelden: Firefox auf Windows" })).toBeVisible();
    expect(screen.getByText("curl")).toBeVisible();
    expect(screen.getByText("Unbekanntes Gerät")).toBeVisible();
  });
});

describe("deletion", () => {
  it("asks for the account's name and the password", async () => {
    server.use(answers("get", "/account/exports", page()));
    const sent = takes({ "post /account/deletion": { ...ACCOUNT, delete_at: "2026-12-06T00:00:00Z" } });
    open("/settings/data");
    await userEvent.click(await screen.findByRole("button", { name: "Delete the account" }));
    const dialog = within(await screen.findByRole("dialog", { name: "Delete the account" }));
    const go = dialog.getByRole("button", { name: "Delete everything" });
    const name = dialog.getByRole("textbox", { name: "Type “Anna's shop” to confirm" });
    await waitFor(() => expect(name).toHaveFocus(), { timeout: 2000 });
    await userEvent.type(dialog.getByLabelText("Password"), "secret words");
    expect(go).toBeDisabled();
    await userEvent.type(name, "Anna's sho");
    await userEvent.keyboard("{Enter}");
    expect(sent).toEqual([]);
    await userEvent.keyboard("p");
    await userEvent.click(go);
    await expect.poll(() => sent.map(({ body }) => body)).toEqual([{ password: "secret words" }]);
  });

  it("is taken back", async () => {
    server.use(
      answers("get", "/account/exports", page()),
      answers("get", "/account", { ...ACCOUNT, delete_at: "2026-12-06T00:00:00Z" }),
    );
    const sent = takes({ "delete /account/deletion": ACCOUNT });
    open("/settings/data");
    await userEvent.click(await screen.findByRole("button", { name: "Keep the account" }));
    await expect.poll(() => sent.map(({ what }) => what)).toEqual(["delete /account/deletion"]);
  });
});
