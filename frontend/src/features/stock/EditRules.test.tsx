import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, it } from "vitest";

import { open, signedIn } from "@/test/app";
import { CONNECTION, page } from "@/test/connections";
import { takes } from "@/test/sent";
import { answers, refuses, server } from "@/test/server";
import { LISTING, variantPage } from "@/test/variants";

type Listing = typeof LISTING;

/** The listing as it is, with the version that a change has to name. */
function listing(more: Partial<Listing> = {}, version = '"1"') {
  return http.get("*/api/v1/listings/3", () =>
    HttpResponse.json({ ...LISTING, ...more }, { headers: { ETag: version } }),
  );
}

function shown(more: Partial<Listing> = {}, shop: Partial<typeof CONNECTION> = {}) {
  server.use(
    answers("get", "/connections", page([{ ...CONNECTION, ...shop }])),
    ...variantPage({ listings: [{ ...LISTING, ...more }] }),
    listing(more),
  );
  return open("/stock/1");
}

function previewed(items: object[], counts: object = { raised: 0, lowered: items.length, to_zero: 0, unchanged: 0 }) {
  return takes({ "post /publishing/preview": { items, next: null, counts } });
}

const ROW = { listing_id: 3, title: "Blue mug, boxed", location: "Main", old: 8, new: 5 };
const button = () => screen.findByRole("button", { name: "Rules of Blue mug, boxed" });
const rules = async () => {
  await userEvent.click(await button());
  const dialog = within(await screen.findByRole("dialog", { name: "Rules of Blue mug, boxed" }));
  await dialog.findByRole("textbox", { name: "Share in %" });
  return dialog;
};
type Dialog = Awaited<ReturnType<typeof rules>>;
const field = (dialog: Dialog, name: string) => dialog.getByRole("textbox", { name });
const save = (dialog: Dialog) => dialog.getByRole("button", { name: "Save" });

async function write(where: HTMLElement, value: string) {
  await userEvent.clear(where);
  await userEvent.type(where, value);
}

beforeEach(() => {
  signedIn();
  previewed([]);
});

describe("a listing's own rules", () => {
  it("stand beside those of its shop, and are saved by the version that was seen", async () => {
    const sent = takes({ "patch /listings/3": LISTING });
    shown({ cap: 20 }, { share_percent: 80, buffer: 2 });
    const dialog = await rules();
    expect(dialog.getByRole("checkbox", { name: "Paused" })).toHaveFocus();
    expect(field(dialog, "Share in %")).toHaveAttribute("placeholder", "As the shop: 80 %");
    expect(field(dialog, "Buffer, units")).toHaveAttribute("placeholder", "As the shop: 2");
    expect(field(dialog, "Limit, units")).toHaveValue("20");
    expect(field(dialog, "Limit, units")).toHaveAttribute("placeholder", "As the shop: no limit");
    expect(field(dialog, "Units in a pack")).toHaveValue("1");
    expect(save(dialog)).toBeDisabled();
    await userEvent.click(dialog.getByRole("checkbox", { name: "Paused" }));
    await write(field(dialog, "Buffer, units"), "3");
    await userEvent.clear(field(dialog, "Limit, units"));
    await userEvent.click(save(dialog));
    expect(await screen.findByText("Saved: the shop follows within seconds")).toBeVisible();
    expect(sent.map(({ body }) => body)).toEqual([{ paused: true, buffer: 3, cap: null }]);
    expect(sent[0]?.headers.get("If-Match")).toBe('"1"');
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(await button()).toHaveFocus();
  });

  it("are not sent where a number does not fit, which is said at the field", async () => {
    const sent = takes({ "patch /listings/3": LISTING });
    shown();
    const dialog = await rules();
    await write(field(dialog, "Share in %"), "101");
    await userEvent.clear(field(dialog, "Units in a pack"));
    await userEvent.click(save(dialog));
    expect(field(dialog, "Share in %")).toBeInvalid();
    expect(field(dialog, "Units in a pack")).toBeInvalid();
    expect(dialog.getByText("Correct what is marked first.")).toBeVisible();
    expect(sent).toEqual([]);
  });

  it("say at the field what the API has against it", async () => {
    const errors = { json: { cap: ["Not a valid integer."] } };
    const problem = { status: 422, code: "invalid_input", detail: "Something in it cannot be used.", errors };
    server.use(http.patch("*/api/v1/listings/3", () => HttpResponse.json(problem, { status: 422 })));
    shown();
    const dialog = await rules();
    await write(field(dialog, "Limit, units"), "7");
    await userEvent.click(save(dialog));
    await waitFor(() => expect(field(dialog, "Limit, units")).toBeInvalid());
    expect(dialog.getByText("Not a valid integer.")).toBeVisible();
    expect(dialog.queryByRole("alert")).toBeNull();
  });

  it("keep what was typed where somebody else was faster with another of them", async () => {
    shown();
    const dialog = await rules();
    await write(field(dialog, "Buffer, units"), "3");
    server.use(listing({ share_percent: 50 }, '"2"'), refuses("patch", "/listings/3", 412, "precondition_failed"));
    await userEvent.click(save(dialog));
    await waitFor(() => expect(field(dialog, "Share in %")).toHaveValue("50"));
    expect(field(dialog, "Buffer, units")).toHaveValue("3");
    expect(dialog.getByRole("alert")).toHaveTextContent("Somebody changed it meanwhile");
    const sent = takes({ "patch /listings/3": LISTING });
    await userEvent.click(save(dialog));
    await waitFor(() => expect(sent.map(({ body }) => body)).toEqual([{ buffer: 3 }]));
    expect(sent[0]?.headers.get("If-Match")).toBe('"2"');
  });

  it("can be asked for again where they could not be read", async () => {
    shown();
    server.use(refuses("get", "/listings/3", 503, "not_stored"));
    await userEvent.click(await button());
    const dialog = within(await screen.findByRole("dialog"));
    const again = await dialog.findByRole("button", { name: "Try again" });
    server.use(listing());
    await userEvent.click(again);
    expect(await dialog.findByRole("textbox", { name: "Share in %" })).toHaveValue("");
  });
});

describe("what the shop would show by them", () => {
  const region = (dialog: Dialog) => dialog.getByRole("region", { name: "What would change at the shop" });

  it("is asked by what is entered, and shown at each place", async () => {
    const asked = previewed([ROW, { ...ROW, listing_id: 4, title: "Mug, red box" }]);
    shown();
    const dialog = await rules();
    expect(region(dialog)).toHaveTextContent("Change something, and see here");
    expect(asked).toEqual([]);
    await write(field(dialog, "Buffer, units"), "3");
    await waitFor(() => expect(region(dialog)).toHaveTextContent("Main8 →to 5 (-3)Mug, red box · Main8"));
    expect(asked.at(-1)?.body).toEqual({ listings: [{ id: 3, buffer: 3 }] });
  });

  it("says what is not shown: another pack, and that nothing is written at the moment", async () => {
    const asked = previewed([]);
    shown({}, { state: "paused" });
    const dialog = await rules();
    await write(field(dialog, "Units in a pack"), "6");
    expect(region(dialog)).toHaveTextContent("What another pack size does is not shown here.");
    await write(field(dialog, "Buffer, units"), "3");
    expect(await dialog.findByText("No number would change.")).toBeVisible();
    expect(region(dialog)).toHaveTextContent("Nothing is written to it at the moment");
    expect(asked.at(-1)?.body).toEqual({ listings: [{ id: 3, buffer: 3 }] });
  });

  it("can be asked for again where that failed", async () => {
    shown();
    const dialog = await rules();
    server.use(refuses("post", "/publishing/preview", 503, "not_stored"));
    await write(field(dialog, "Buffer, units"), "3");
    const again = await dialog.findByRole("button", { name: "Try again" });
    previewed([ROW]);
    await userEvent.click(again);
    await waitFor(() => expect(region(dialog)).toHaveTextContent("Main8 →to 5"));
  });
});
