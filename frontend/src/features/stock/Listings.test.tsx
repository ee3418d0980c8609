import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";

import { ME, open, signedIn } from "@/test/app";
import { CONNECTION, page } from "@/test/connections";
import { takes } from "@/test/sent";
import { answers, refuses, server } from "@/test/server";
import { LISTING, variantPage } from "@/test/variants";

/** Shops sell the SKU so. */
function listed(...listings: Partial<typeof LISTING>[]) {
  server.use(
    ...variantPage({ listings: listings.map((more) => ({ ...LISTING, ...more })) }),
    answers("get", "/connections", page([CONNECTION])),
  );
}

beforeEach(() => signedIn());

const section = async (name = "Listings") => within(await screen.findByRole("region", { name }));

describe("the listings", () => {
  it("have a column of prices where a shop's is known", async () => {
    listed({});
    open("/stock/1");
    expect(await (await section()).findByRole("columnheader", { name: "Shows" })).toBeVisible();
    expect((await section()).queryByRole("columnheader", { name: "Price" })).toBeNull();
  });
});

describe("what a shop has against a listing", () => {
  it("is said in the language of the reader", async () => {
    const error_said = { code: "number_differs", values: { now: "5", quantity: "8" } };
    listed({ error: "The shop answered 5 to a write of 8.", error_said });
    open("/stock/1", "de");
    expect(await (await section("Angebote")).findByText("Der Shop hat auf 8 mit 5 geantwortet.")).toBeVisible();
  });

  it("stays as a platform said it", async () => {
    listed({ error: "Bad luck" });
    open("/stock/1", "de");
    expect(await (await section("Angebote")).findByText("Bad luck")).toHaveAttribute("lang", "en");
  });
});

describe("unlinking a listing", () => {
  const unlink = async () => (await section()).findByRole("button", { name: "Unlink Blue mug, boxed" });
  const sure = async () => {
    await userEvent.click(await unlink());
    const dialog = within(await screen.findByRole("dialog", { name: "Unlink Blue mug, boxed?" }));
    expect(dialog.getByText(/^The shop keeps the number that it shows now/)).toBeVisible();
    return dialog.getByRole("button", { name: "Unlink" });
  };

  it("is done after saying what it means, and taken back by linking it to this SKU again", async () => {
    listed({});
    const sent = takes({ "post /listings/3/unlink": { ...LISTING, variant_id: null }, "post /listings/3/link": LISTING });
    open("/stock/1");
    const go = await sure();
    listed();
    await userEvent.click(go);
    expect(await (await section()).findByText("No shop sells it, or no listing is linked to it yet.")).toBeVisible();
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect((await section()).getByText(/^No shop sells it/).parentElement).toHaveFocus();
    listed({});
    await userEvent.click(await screen.findByRole("button", { name: "Undo" }));
    expect(await unlink()).toBeVisible();
    expect(sent.map(({ what, body }) => [what, body])).toEqual([
      ["post /listings/3/unlink", null],
      ["post /listings/3/link", { variant_id: 1 }],
    ]);
  });

  it("says that it was not done, and leaves the listing where it is", async () => {
    listed({});
    server.use(refuses("post", "/listings/3/unlink", 503, "not_stored"));
    open("/stock/1");
    await userEvent.click(await sure());
    expect(await screen.findByText("It could not be stored")).toBeVisible();
    await waitFor(async () => expect(await unlink()).toHaveFocus());
    expect(screen.queryByRole("button", { name: "Undo" })).toBeNull();
  });

  it("is not for viewers", async () => {
    server.use(answers("get", "/me", { ...ME, role: "viewer" }));
    listed({});
    open("/stock/1");
    expect(await (await section()).findByText("Blue mug, boxed")).toBeVisible();
    expect((await section()).queryByRole("button")).toBeNull();
  });
});
