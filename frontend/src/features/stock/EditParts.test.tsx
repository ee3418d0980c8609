import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, it } from "vitest";

import { ME, open, signedIn } from "@/test/app";
import { takes } from "@/test/sent";
import { answers, refuses, server } from "@/test/server";
import { VARIANT, variantPage } from "@/test/variants";

const CUP = { variant_id: 2, sku: "CUP", title: "Cup", quantity: 2 };
const POT = { variant_id: 3, sku: null, title: "Pot", quantity: 1 };

/** The SKU is made of these, as its page and its parts say. */
function madeOf(parts: (typeof CUP | typeof POT)[], version = '"1"') {
    server.use(
    ...variantPage({ components: parts, is_bundle: parts.length > 0, ...(parts.length > 0 ? { available: 0 } : {}) }),
    http.get("*/api/v1/bundles/1", () =>
      HttpResponse.json({ variant_id: 1, sku: "MUG", title: "Blue mug", components: parts }, { headers: { ETag: version } }),
    ),
  );
}

let searched: URLSearchParams[] = [];

beforeEach(() => {
  signedIn();
  searched = [];
  server.use(
    http.get("*/api/v1/variants", ({ request }) => {
      searched.push(new URL(request.url).searchParams);
      return HttpResponse.json({ items: [VARIANT, { ...VARIANT, id: 2, sku: "CUP", title: "Cup" }], next: null });
    }),
  );
});

const section = async () => within(await screen.findByRole("region", { name: "Made of" }));
const press = async (name: string) => userEvent.click(await (await section()).findByRole("button", { name }));
const save = async () => (await section()).findByRole("button", { name: "Save" });
const units = async (name: string) => (await section()).findByRole("textbox", { name: `Units of ${name}` });

async function opened(button: string) {
  const router = open("/stock/1");
  await press(button);
  expect(await save()).toBeDisabled();
  return router;
}

describe("what a SKU is made of", () => {
  it("is composed of parts that are searched for, after saying what becomes of its stock", async () => {
    madeOf([]);
    const sent = takes({ "put /bundles/1": { variant_id: 1, components: [] } });
    await opened("Make a bundle");
    expect((await section()).getByRole("searchbox")).toHaveFocus();
    await userEvent.type((await section()).getByRole("searchbox"), "cup");
    await press("Add Cup");
    expect(searched.at(-1)?.toString()).toBe("q=cup&limit=20&is_bundle=false");
    expect(await units("CUP")).toHaveFocus();
    // Neither itself nor what is in it already.
    await userEvent.type((await section()).getByRole("searchbox"), "cup");
    expect(await (await section()).findByText("No variant is like that.")).toBeVisible();
    const means = within(await screen.findByRole("alert"));
    expect(means.getByText(/^8 units that were counted of it are written off/)).toBeVisible();
    await userEvent.clear(await units("CUP"));
    expect(await save()).toBeDisabled();
    await userEvent.type(await units("CUP"), "2");
    madeOf([CUP], '"2"');
    await userEvent.click(await save());
    expect(await (await section()).findByRole("link", { name: "CUP" })).toHaveAttribute("href", "/stock/2");
    expect(await (await section()).findByRole("button", { name: "Change parts" })).toHaveFocus();
    expect(sent.map(({ body }) => body)).toEqual([{ components: [{ variant_id: 2, quantity: 2 }] }]);
    expect(sent[0]?.headers.get("If-Match")).toBe('"1"');
  });

  it("is an ordinary SKU again without its last part", async () => {
    madeOf([CUP, POT]);
    const sent = takes({ "put /bundles/1": { variant_id: 1, components: [] } });
    await opened("Change parts");
    expect(await units("CUP")).toHaveValue("2");
    await press("Remove Pot");
    expect(await screen.findByText(/^Shops show as many as the scarcest part allows/)).toBeVisible();
    expect(await (await section()).findByRole("button", { name: "Remove CUP" })).toHaveFocus();
    await press("Remove CUP");
    expect((await section()).getByRole("searchbox")).toHaveFocus();
    expect(await screen.findByText(/^It is an ordinary SKU again/)).toBeVisible();
    expect(screen.queryByText(/written off/)).toBeNull();
    await userEvent.click(await save());
    await waitFor(() => expect(sent.map(({ body }) => body)).toEqual([{ components: [] }]));
  });

  it("says that somebody was faster, and shows what is so now", async () => {
    madeOf([CUP]);
    await opened("Change parts");
    await userEvent.type(await units("CUP"), "0");
    madeOf([POT], '"2"');
    server.use(refuses("put", "/bundles/1", 412, "precondition_failed"));
    await userEvent.click(await save());
    expect(await units("Pot")).toHaveValue("1");
    expect(screen.getByRole("alert")).toHaveTextContent("Somebody changed it meanwhile");
  });

  it("says that it was not saved, and asks before that is lost", async () => {
    madeOf([CUP]);
    const router = await opened("Change parts");
    await userEvent.type(await units("CUP"), "0");
    server.use(refuses("put", "/bundles/1", 422, "invalid_input"));
    await userEvent.click(await save());
    expect(await (await section()).findByText("Something in it is not right")).toBeVisible();
    expect(await units("CUP")).toHaveValue("20");
    await userEvent.click(screen.getByRole("link", { name: "All SKUs" }));
    const dialog = within(await screen.findByRole("dialog", { name: "Leave without saving?" }));
    await userEvent.click(dialog.getByRole("button", { name: "Stay" }));
    expect(router.state.location.pathname).toBe("/stock/1");
  });

  it("says what failed and tries again", async () => {
    madeOf([CUP]);
    server.use(refuses("get", "/bundles/1", 503, "not_stored"));
    open("/stock/1");
    await press("Change parts");
    const alert = await screen.findByRole("alert");
    madeOf([CUP]);
    await userEvent.click(within(alert).getByRole("button", { name: "Try again" }));
    expect(await units("CUP")).toBeVisible();
  });

  it("is nothing for what is part of a bundle", async () => {
    server.use(...variantPage({ part_of: [{ variant_id: 9, sku: "SET", title: "Set of mugs", quantity: 2 }] }));
    open("/stock/1");
    expect(await screen.findByRole("link", { name: "SET" })).toBeVisible();
    await screen.findByRole("button", { name: "Edit" });
    expect(screen.queryByRole("region", { name: "Made of" })).toBeNull();
  });

  it("is looked at only by viewers", async () => {
    server.use(answers("get", "/me", { ...ME, role: "viewer" }));
    madeOf([CUP]);
    open("/stock/1");
    expect(await (await section()).findByRole("link", { name: "CUP" })).toBeVisible();
    expect((await section()).queryByRole("button")).toBeNull();
  });
});
