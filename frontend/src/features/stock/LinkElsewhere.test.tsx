import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";

import { open, signedIn } from "@/test/app";
import { CONNECTION, page } from "@/test/connections";
import { takes } from "@/test/sent";
import { answers, refuses, server } from "@/test/server";
import { LISTING, VARIANT, variantPage } from "@/test/variants";

const RED = { ...VARIANT, id: 2, sku: "RED", title: "Red mug", available: 5 };

function listed(...listings: object[]) {
  server.use(
    answers("get", "/connections", page([CONNECTION])),
    ...variantPage({ listings }),
    answers("get", "/variants", page([VARIANT, RED])),
  );
}

beforeEach(() => {
  signedIn();
  listed(LISTING);
});

const button = () => screen.findByRole("button", { name: "Link elsewhere: Blue mug, boxed" });
const chosen = async () => {
  await userEvent.click(await button());
  const dialog = within(await screen.findByRole("dialog", { name: "Link Blue mug, boxed to another SKU" }));
  await waitFor(() => expect(dialog.getByRole("searchbox")).toHaveFocus());
  await userEvent.keyboard("mug");
  const choose = await dialog.findByRole("button", { name: "Choose Red mug" });
  expect(dialog.queryByRole("button", { name: "Choose Blue mug" })).toBeNull();
  await userEvent.click(choose);
  return dialog;
};

describe("linking a listing to another SKU", () => {
  it("is done after saying what it means, and taken back by linking it to this SKU again", async () => {
    const sent = takes({ "post /listings/3/link": { ...LISTING, variant_id: 2 } });
    open("/stock/1");
    const dialog = await chosen();
    expect(dialog.getByText("RED · 5 available")).toBeVisible();
    expect(dialog.getByText(/^The shop's number is read once, then replaced by what is available/)).toBeVisible();
    listed();
    await userEvent.click(dialog.getByRole("button", { name: "Link" }));
    const none = await screen.findByText("No shop sells it, or no listing is linked to it yet.");
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    await waitFor(() => expect(none.parentElement).toHaveFocus());
    listed(LISTING);
    expect(screen.getByText("Blue mug, boxed is linked to RED.")).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Undo" }));
    expect(await button()).toBeVisible();
    expect(sent.map(({ body }) => body)).toEqual([{ variant_id: 2 }, { variant_id: 1 }]);
  });

  it("says why it was not done, and lets another be chosen", async () => {
    server.use(refuses("post", "/listings/3/link", 409, "conflict"));
    open("/stock/1");
    const dialog = await chosen();
    await userEvent.click(dialog.getByRole("button", { name: "Link" }));
    expect(await dialog.findByRole("alert")).toBeVisible();
    await userEvent.click(dialog.getByRole("button", { name: "Choose another" }));
    expect(dialog.getByRole("searchbox")).toHaveFocus();
    await userEvent.keyboard("mug");
    await userEvent.click(await dialog.findByRole("button", { name: "Choose Red mug" }));
    expect(dialog.queryByRole("alert")).toBeNull();
  });
});
