import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, it } from "vitest";

import { ME, open, signedIn } from "@/test/app";
import { takes } from "@/test/sent";
import { answers, refuses, server } from "@/test/server";
import { VARIANT, variantPage } from "@/test/variants";

beforeEach(() => {
  signedIn();
  server.use(...variantPage());
});

const edit = () => screen.findByRole("button", { name: "Edit" });
const form = async () => within(await screen.findByRole("region", { name: "Edit" }));
const field = async (name: string) => (await form()).getByRole("textbox", { name });
const save = async () => (await form()).getByRole("button", { name: "Save" });

async function write(name: string, value: string) {
  await userEvent.clear(await field(name));
  await userEvent.type(await field(name), value);
}

async function opened() {
  const router = open("/stock/1");
  await userEvent.click(await edit());
  expect(await field("Name")).toHaveFocus();
  return router;
}

describe("editing a SKU", () => {
  it("begins with what is said of it, and saves what differs by the version that was seen", async () => {
    const sent = takes({ "patch /variants/1": VARIANT });
    await opened();
    const names = ["Name", "SKU", "Barcode", "Price", "Cost", "Currency", "Low at"];
    const values = await Promise.all(names.map(async (name) => ((await field(name)) as HTMLInputElement).value));
    expect(values).toEqual(["Blue mug", "MUG", "", "12.50", "", "EUR", ""]);
    expect(await save()).toBeDisabled();
    await write("Name", "Big blue mug");
    await write("Price", "19.99");
    server.use(...variantPage({ title: "Big blue mug", price_minor: 1999 }, '"2"'));
    await userEvent.click(await save());
    expect(await screen.findByRole("heading", { name: "Big blue mug" })).toBeVisible();
    expect(await screen.findByText("Saved.")).toBeVisible();
    expect(screen.queryByRole("region", { name: "Edit" })).toBeNull();
    expect(await edit()).toHaveFocus();
    expect(sent.map(({ body }) => body)).toEqual([{ title: "Big blue mug", price_minor: 1999 }]);
    expect(sent[0]?.headers.get("If-Match")).toBe('"1"');
  });

  it("writes amounts as the language does", async () => {
    const sent = takes({ "patch /variants/1": VARIANT });
    open("/stock/1", "de");
    await userEvent.click(await screen.findByRole("button", { name: "Bearbeiten" }));
    const price = await screen.findByRole("textbox", { name: "Preis" });
    expect(price).toHaveValue("12,50");
    await userEvent.clear(price);
    await userEvent.type(price, "9,95{Enter}");
    await waitFor(() => expect(sent.map(({ body }) => body)).toEqual([{ price_minor: 995 }]));
  });

  it("says at the field what is wrong, and sends nothing", async () => {
    const sent = takes({ "patch /variants/1": VARIANT });
    await opened();
    await userEvent.clear(await field("Name"));
    await write("Price", "0");
    await userEvent.click(await save());
    expect(await field("Name")).toHaveAccessibleDescription("This is needed.");
    expect(await field("Price")).toHaveAccessibleDescription("An amount above 0, please.");
    expect(sent).toEqual([]);
  });

  it("says at the SKU that another has it, and keeps what was entered", async () => {
    server.use(refuses("patch", "/variants/1", 409, "sku_taken"));
    await opened();
    await write("SKU", "CUP");
    await userEvent.click(await save());
    await waitFor(async () => expect(await field("SKU")).toHaveAccessibleDescription("Another variant has this SKU"));
    expect(await field("SKU")).toHaveValue("CUP");
    expect((await form()).queryByRole("alert")).toBeNull();
  });

  it("says at its field what the API does not take", async () => {
    const problem = { status: 422, code: "invalid_input", errors: { json: { barcode: ["Longer than maximum length 100."] } } };
    server.use(http.patch("*/api/v1/variants/1", () => HttpResponse.json(problem, { status: 422 })));
    await opened();
    await write("Barcode", "40123");
    await userEvent.click(await save());
    await waitFor(async () => expect(await field("Barcode")).toHaveAccessibleDescription("Longer than maximum length 100."));
  });

  it("says that it was not saved, and keeps what was entered", async () => {
    server.use(refuses("patch", "/variants/1", 503, "not_stored"));
    await opened();
    await write("Name", "Mug");
    await userEvent.click(await save());
    expect(await (await form()).findByRole("alert")).toHaveTextContent("It could not be stored");
    expect(await field("Name")).toHaveValue("Mug");
  });

  it("says that somebody was faster, and shows what is so now", async () => {
    await opened();
    await write("Name", "Mug");
    server.use(...variantPage({ title: "Red mug" }, '"2"'), refuses("patch", "/variants/1", 412, "precondition_failed"));
    await userEvent.click(await save());
    await waitFor(async () => expect(await field("Name")).toHaveValue("Red mug"));
    expect(await (await form()).findByRole("alert")).toHaveTextContent("Somebody changed it meanwhile");
  });

  it("keeps what was entered where somebody else has changed another field", async () => {
    await opened();
    await write("Barcode", "40123");
    server.use(...variantPage({ title: "Red mug" }, '"2"'), refuses("patch", "/variants/1", 412, "precondition_failed"));
    await userEvent.click(await save());
    await waitFor(async () => expect(await field("Name")).toHaveValue("Red mug"));
    expect(await field("Barcode")).toHaveValue("40123");
    const sent = takes({ "patch /variants/1": VARIANT });
    await userEvent.click(await save());
    await waitFor(() => expect(sent.map(({ body }) => body)).toEqual([{ barcode: "40123" }]));
    expect(sent[0]?.headers.get("If-Match")).toBe('"2"');
  });

  it("takes no amount for another currency's where somebody else has changed that", async () => {
    await opened();
    await write("Price", "30");
    server.use(...variantPage({ currency: "USD" }, '"2"'), refuses("patch", "/variants/1", 412, "precondition_failed"));
    await userEvent.click(await save());
    await waitFor(async () => expect(await field("Currency")).toHaveValue("USD"));
    expect(await field("Price")).toHaveValue("12.50");
  });

  it("asks before a step elsewhere loses what was entered, and forgets it where that is wanted", async () => {
    const router = await opened();
    await write("Name", "Mug");
    await userEvent.click(screen.getByRole("link", { name: "All SKUs" }));
    const dialog = within(await screen.findByRole("dialog", { name: "Leave without saving?" }));
    await userEvent.click(dialog.getByRole("button", { name: "Stay" }));
    expect(router.state.location.pathname).toBe("/stock/1");
    await userEvent.click((await form()).getByRole("button", { name: "Cancel" }));
    expect(await screen.findByRole("heading", { name: "Blue mug" })).toBeVisible();
    expect(await edit()).toHaveFocus();
  });

  it("is not for viewers", async () => {
    server.use(answers("get", "/me", { ...ME, role: "viewer" }));
    open("/stock/1");
    expect(await screen.findByRole("heading", { name: "Blue mug" })).toBeVisible();
    expect(screen.queryByRole("button", { name: "Edit" })).toBeNull();
  });
});
