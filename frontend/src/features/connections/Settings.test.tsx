import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, it } from "vitest";

import { ME, open, signedIn } from "@/test/app";
import { CONNECTION, HEALTH } from "@/test/connections";
import { takes } from "@/test/sent";
import { answers, refuses, server } from "@/test/server";

beforeEach(signedIn);

/** The shop as it is, with the version that a change has to name. */
function shop(more: object = {}, version = '"1"') {
  return http.get("*/api/v1/connections/1", () =>
    HttpResponse.json({ ...CONNECTION, ...more }, { headers: { ETag: version } }),
  );
}

function shown(more: object = {}) {
  server.use(shop(more), answers("get", "/connections/1/health", HEALTH));
  return open("/connections/1?tab=settings");
}

const share = () => screen.findByRole("textbox", { name: "Share in %" });
const save = () => screen.getByRole("button", { name: "Save" });

async function write(field: HTMLElement, value: string) {
  await userEvent.clear(field);
  await userEvent.type(field, value);
}

const ROW = { listing_id: 4, title: "Blue mug", sku: "MUG", location: "Main", old: 10, new: 3 };

function preview(items: object[], counts: object) {
  return takes({ "post /publishing/preview": { items, next: null, counts } });
}

describe("a connection's settings", () => {
  beforeEach(() => {
    preview([], { raised: 0, lowered: 0, to_zero: 0, unchanged: 9 });
  });

  it("shows what is set, and saves what differs by the version that was seen", async () => {
    const sent = takes({ "patch /connections/1": CONNECTION });
    shown({ buffer: 2, drift_policy: "review" });
    expect(await share()).toHaveValue("100");
    expect(screen.getByRole("textbox", { name: "Buffer, units" })).toHaveValue("2");
    expect(screen.getByRole("radio", { name: "Ask me" })).toBeChecked();
    expect(save()).toBeDisabled();
    await write(await share(), "80");
    await userEvent.click(screen.getByRole("radio", { name: "SyncFlow wins" }));
    await userEvent.click(save());
    expect(await screen.findByText("Saved: the shop follows within seconds")).toBeVisible();
    expect(sent.map(({ body }) => body)).toEqual([{ share_percent: 80, drift_policy: "syncflow_wins" }]);
    expect(sent[0]?.headers.get("If-Match")).toBe('"1"');
  });

  it("waits, and says what failed and tries again", async () => {
    server.use(answers("get", "/connections/1/health", HEALTH), refuses("get", "/connections/1", 503, "not_stored"));
    open("/connections/1?tab=settings");
    expect(screen.queryByRole("textbox", { name: "Share in %" })).toBeNull();
    const alert = await screen.findByRole("alert");
    server.use(shop());
    await userEvent.click(within(alert).getByRole("button", { name: "Try again" }));
    expect(await share()).toHaveValue("100");
  });

  it("says at the field what is wrong, and sends nothing", async () => {
    const sent = takes({ "patch /connections/1": CONNECTION });
    shown();
    await write(await share(), "101");
    expect(await share()).toBeInvalid();
    expect(await share()).toHaveAccessibleDescription("A number from 0 to 100, please.");
    await userEvent.click(save());
    await userEvent.clear(screen.getByRole("textbox", { name: "Name in SyncFlow" }));
    expect(screen.getByRole("textbox", { name: "Name in SyncFlow" })).toHaveAccessibleDescription("This is needed.");
    expect(sent).toEqual([]);
  });

  it("says that somebody was faster, and shows what is so now", async () => {
    shown();
    await write(await share(), "80");
    server.use(
      shop({ share_percent: 50 }, '"2"'),
      refuses("patch", "/connections/1", 412, "precondition_failed"),
    );
    await userEvent.click(save());
    await waitFor(async () => expect(await share()).toHaveValue("50"));
    expect(screen.getByRole("alert")).toHaveTextContent("Somebody changed it meanwhile");
  });

  it("looks over what was entered where only fields are wrong, whatever else the API says", async () => {
    const errors = { json: { buffer: ["Must be greater than or equal to 0."] } };
    const problem = { status: 422, code: "invalid_input", detail: "Something in it cannot be used.", errors };
    server.use(http.patch("*/api/v1/connections/1", () => HttpResponse.json(problem, { status: 422 })));
    shown();
    await write(await share(), "80");
    await userEvent.click(save());
    expect(await screen.findByRole("alert")).toHaveTextContent("Look over what you entered, and try again.");
  });

  it("is not disturbed by whoever has everything asked for again", async () => {
    const { queries } = shown().options.context;
    await write(await share(), "80");
    server.use(shop({ share_percent: 50 }, '"2"'));
    await queries.invalidateQueries();
    expect(await share()).toHaveValue("80");
  });

  it("says that it was not saved, and keeps what was entered", async () => {
    shown();
    await write(await share(), "80");
    server.use(refuses("patch", "/connections/1", 503, "not_stored"));
    await userEvent.click(save());
    expect(await screen.findByRole("alert")).toBeVisible();
    expect(await share()).toHaveValue("80");
    expect(save()).toBeEnabled();
  });

  it("asks before another part of the page loses what was entered", async () => {
    server.use(answers("get", "/dashboard/sync", { shops: [] }));
    shown();
    await write(await share(), "80");
    await userEvent.click(screen.getByRole("tab", { name: "Health" }));
    const dialog = within(await screen.findByRole("dialog", { name: "Leave without saving?" }));
    await userEvent.click(dialog.getByRole("button", { name: "Stay" }));
    expect(await share()).toHaveValue("80");
    await userEvent.click(screen.getByRole("tab", { name: "Health" }));
    await userEvent.click(await screen.findByRole("button", { name: "Leave" }));
    expect(await screen.findByRole("region", { name: "What is known" })).toBeVisible();
  });

  it("lets staff look only", async () => {
    server.use(answers("get", "/me", { ...ME, role: "staff" }));
    shown();
    expect(await share()).toHaveAttribute("readonly");
    expect(screen.queryByRole("button", { name: "Save" })).toBeNull();
  });
});

describe("the preview of what would be published", () => {
  const region = () => screen.findByRole("region", { name: "What would change at the shop" });

  it("asks nothing before something is changed, then by what is entered", async () => {
    const asked = preview([ROW], { raised: 0, lowered: 2, to_zero: 1, unchanged: 6 });
    shown();
    expect(await region()).toHaveTextContent("Change the share, the buffer or the limit");
    expect(asked).toEqual([]);
    await write(await share(), "80");
    const row = await screen.findByRole("row", { name: /Blue mug/ });
    expect(row).toHaveTextContent("Blue mugMUG · Main103");
    expect(await region()).toHaveTextContent("3 listings would show another number.");
    expect(await region()).toHaveTextContent("and 2 more");
    expect(asked.at(-1)?.body).toEqual({ connections: [{ id: 1, share_percent: 80, buffer: 0, cap: null }] });
  });

  it("does not ask by what cannot be", async () => {
    const asked = preview([], { raised: 0, lowered: 0, to_zero: 0, unchanged: 9 });
    shown();
    await write(await share(), "1000");
    await new Promise((resolve) => setTimeout(resolve, 500));
    const shares = asked.map(({ body }) => (body as { connections: [{ share_percent: number }] }).connections[0]);
    expect(shares.filter(({ share_percent }) => share_percent > 100)).toEqual([]);
    expect(await region()).toHaveTextContent("Correct the share, the buffer or the limit first");
  });

  it("says that nothing would change, and that nothing is written while it is paused", async () => {
    preview([], { raised: 0, lowered: 0, to_zero: 0, unchanged: 9 });
    shown({ state: "paused" });
    await write(await share(), "80");
    expect(await screen.findByText("No number would change.")).toBeVisible();
    expect(await region()).toHaveTextContent("Nothing is written to it at the moment");
  });

  it("says what failed and tries again", async () => {
    server.use(refuses("post", "/publishing/preview", 503, "not_stored"));
    shown();
    await write(await share(), "80");
    const alert = await within(await region()).findByRole("alert");
    preview([ROW], { raised: 0, lowered: 1, to_zero: 0, unchanged: 8 });
    await userEvent.click(within(alert).getByRole("button", { name: "Try again" }));
    expect(await screen.findByRole("row", { name: /Blue mug/ })).toBeVisible();
  });
});
