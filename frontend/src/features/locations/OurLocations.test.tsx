import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, it } from "vitest";

import { ME, open, signedIn } from "@/test/app";
import { page } from "@/test/connections";
import { takes } from "@/test/sent";
import { answers, refuses, server } from "@/test/server";

const MAIN = { id: 1, name: "Main" };
const ATTIC = { id: 2, name: "Attic" };

beforeEach(() => {
  signedIn();
  server.use(
    answers("get", "/account/reporting", { time_zone: "UTC", currency: null, rates: [] }),
    answers("get", "/locations", page([MAIN, ATTIC])),
    location(ATTIC),
  );
});

/** One as it is now, with the version that a change has to name. */
function location(found: typeof MAIN, version = '"1"') {
  return http.get(`*/api/v1/locations/${found.id}`, () => HttpResponse.json(found, { headers: { ETag: version } }));
}

const dialog = () => screen.findByRole("dialog", { name: "Rename a location" });

describe("the account's locations", () => {
  it("are added to", async () => {
    const sent = takes({ "post /locations": { id: 3, name: "Cellar" } });
    open("/settings/account");
    await userEvent.type(await screen.findByRole("textbox", { name: "Another location" }), " Cellar {Enter}");
    await waitFor(() => expect(sent.map(({ body }) => body)).toEqual([{ name: "Cellar" }]));
    await waitFor(() => expect(screen.getByRole("textbox", { name: "Another location" })).toHaveValue(""));
  });

  it("are renamed", async () => {
    const sent = takes({ "patch /locations/2": { id: 2, name: "Loft" } });
    open("/settings/account");
    await userEvent.click(await screen.findByRole("button", { name: "Rename Attic" }));
    const dialog = within(await screen.findByRole("dialog", { name: "Rename a location" }));
    const name = dialog.getByRole("textbox", { name: "Name" });
    expect(name).toHaveValue("Attic");
    await userEvent.clear(name);
    await userEvent.type(name, "Loft");
    server.use(answers("get", "/locations", page([{ id: 1, name: "Main" }, { id: 2, name: "Loft" }])));
    await userEvent.click(dialog.getByRole("button", { name: "Save" }));
    expect(await screen.findByRole("button", { name: "Rename Loft" })).toBeVisible();
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(sent.map(({ body }) => body)).toEqual([{ name: "Loft" }]);
    expect(sent[0]?.headers.get("If-Match")).toBe('"1"');
  });

  it("are not renamed from another name than one saw, but then from that", async () => {
    const sent = takes({ "patch /locations/2": { id: 2, name: "Loft" } });
    open("/settings/account");
    await userEvent.click(await screen.findByRole("button", { name: "Rename Attic" }));
    const name = within(await dialog()).getByRole("textbox");
    await userEvent.clear(name);
    const garret = { ...ATTIC, name: "Garret" };
    server.use(location(garret, '"2"'), answers("get", "/locations", page([MAIN, garret])));
    await userEvent.type(name, "Loft{Enter}");
    expect(await screen.findByText("Somebody changed it meanwhile")).toBeVisible();
    expect(await screen.findByText("Garret")).toBeInTheDocument();
    expect(name).toHaveValue("Loft");
    expect(sent).toEqual([]);
    await userEvent.type(name, "{Enter}");
    await waitFor(() => expect(sent.map(({ body }) => body)).toEqual([{ name: "Loft" }]));
    expect(sent[0]?.headers.get("If-Match")).toBe('"2"');
  });

  it("keep what was entered where one cannot be called so, and say why", async () => {
    const said = { code: "location_named_so", values: {} };
    const problem = { status: 409, code: "conflict", detail: "There is a location of that name.", said };
    server.use(http.patch("*/api/v1/locations/2", () => HttpResponse.json(problem, { status: 409 })));
    open("/settings/account");
    await userEvent.click(await screen.findByRole("button", { name: "Rename Attic" }));
    const name = await screen.findByRole("textbox", { name: "Name" });
    await userEvent.clear(name);
    await userEvent.type(name, "Main{Enter}");
    expect(await screen.findByText("There is a location of that name.")).toBeVisible();
    expect(name).toHaveValue("Main");
  });

  it("leave alone the dialog about another one where a rename is late", async () => {
    let answer: () => void = () => undefined;
    const late = new Promise<void>((resolve) => (answer = resolve));
    const loft = { ...ATTIC, name: "Loft" };
    server.use(http.patch("*/api/v1/locations/2", () => late.then(() => HttpResponse.json(loft))));
    open("/settings/account");
    await userEvent.click(await screen.findByRole("button", { name: "Rename Attic" }));
    await userEvent.type(within(await dialog()).getByRole("textbox"), " 2{Enter}");
    await userEvent.click(within(await dialog()).getByRole("button", { name: "Cancel" }));
    await userEvent.click(await screen.findByRole("button", { name: "Rename Main" }));
    await userEvent.type(within(await dialog()).getByRole("textbox"), " hall");
    server.use(answers("get", "/locations", page([MAIN, loft])));
    answer();
    expect(await screen.findByText("Loft")).toBeInTheDocument();
    expect(within(await dialog()).getByRole("textbox")).toHaveValue("Main hall");
  });

  it("wait, and say what failed and try again", async () => {
    server.use(refuses("get", "/locations", 503, "not_stored"));
    open("/settings/account");
    const ours = within(await screen.findByRole("region", { name: "Your locations" }));
    expect(ours.getByRole("status", { name: "Loading" })).toBeInTheDocument();
    const alert = within(await ours.findByRole("alert"));
    server.use(answers("get", "/locations", page([MAIN])));
    await userEvent.click(alert.getByRole("button", { name: "Try again" }));
    expect(await ours.findByText("Main")).toBeVisible();
  });

  it("say that there are more than are shown", async () => {
    server.use(answers("get", "/locations", { items: [MAIN], next: "more" }));
    open("/settings/account");
    expect(await screen.findByText("1 is shown")).toBeVisible();
  });

  it("are named by admins only", async () => {
    server.use(answers("get", "/me", { ...ME, role: "staff" }));
    open("/settings/account");
    expect(await screen.findByRole("region", { name: "Account" })).toBeVisible();
    expect(screen.queryByRole("region", { name: "Your locations" })).toBeNull();
  });
});
