import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, it } from "vitest";

import { open, signedIn } from "@/test/app";
import { CONNECTION, page } from "@/test/connections";
import { takes } from "@/test/sent";
import { answers, refuses, server } from "@/test/server";
import { LISTING, variantPage } from "@/test/variants";

const PRICE = {
  state: "active",
  shop_minor: 1399,
  override_minor: null as number | null,
  currency: "EUR",
  problem: "",
  error: "",
  dirty: false,
  changed_at: null,
  written_again_at: null as string | null,
};

function priced(more: Partial<typeof PRICE> = {}) {
  const listing = { ...LISTING, price: { ...PRICE, ...more } };
  server.use(
    answers("get", "/connections", page([CONNECTION])),
    answers("get", "/listings/3", listing),
    ...variantPage({ listings: [listing] }),
  );
}

const button = (name = "Price of Blue mug, boxed") => screen.findByRole("button", { name });
const opened = async (name?: string, language?: "de") => {
  open("/stock/1", language);
  await userEvent.click(await button(name));
  const dialog = within(await screen.findByRole("dialog"));
  await dialog.findByRole("textbox");
  return dialog;
};
const own = (dialog: Awaited<ReturnType<typeof opened>>) => dialog.getByRole("textbox", { name: "Its own price, EUR" });

beforeEach(() => signedIn());

describe("a listing's price", () => {
  it("is set by hand, and taken back", async () => {
    const sent = takes({ "put /listings/3/price": LISTING });
    priced();
    const dialog = await opened();
    expect(dialog.getByText("€13.99")).toBeVisible();
    expect(dialog.getByText("€12.50")).toBeVisible();
    expect(own(dialog)).toHaveAttribute("placeholder", "By the shop's rule");
    await userEvent.type(own(dialog), "14.5");
    await userEvent.click(dialog.getByRole("button", { name: "Save" }));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(await button()).toHaveFocus();
    await userEvent.click(await screen.findByRole("button", { name: "Undo" }));
    await waitFor(() =>
      expect(sent.map(({ body }) => body)).toEqual([{ override_minor: 1450 }, { override_minor: null }]),
    );
  });

  it("is by the shop's rule again where its own is taken away", async () => {
    const sent = takes({ "put /listings/3/price": LISTING });
    priced({ override_minor: 1500 });
    const dialog = await opened();
    expect(screen.getByText("a price of its own")).toBeInTheDocument();
    expect(own(dialog)).toHaveValue("15.00");
    await userEvent.clear(own(dialog));
    await userEvent.click(dialog.getByRole("button", { name: "Save" }));
    await waitFor(() => expect(sent.map(({ body }) => body)).toEqual([{ override_minor: null }]));
  });

  it("is not set over what somebody else has set meanwhile", async () => {
    const sent = takes({ "put /listings/3/price": LISTING });
    priced();
    const dialog = await opened();
    await userEvent.type(own(dialog), "14.5");
    priced({ override_minor: 1600 });
    await userEvent.click(dialog.getByRole("button", { name: "Save" }));
    expect(await dialog.findByRole("alert")).toHaveTextContent("Somebody changed it meanwhile");
    await waitFor(() => expect(own(dialog)).toHaveValue("16.00"));
    expect(sent).toEqual([]);
  });

  it("is not sent where it is none, and the API's fault stands at the field", async () => {
    const errors = { json: { override_minor: ["Not a valid integer."] } };
    const problem = { status: 422, code: "invalid_input", detail: "Something in it cannot be used.", errors };
    let asked = 0;
    server.use(
      http.put("*/api/v1/listings/3/price", () => {
        asked += 1;
        return HttpResponse.json(problem, { status: 422 });
      }),
    );
    priced();
    const dialog = await opened();
    await userEvent.type(own(dialog), "0");
    await userEvent.click(dialog.getByRole("button", { name: "Save" }));
    expect(await dialog.findByText("An amount above 0, please.")).toBeVisible();
    expect(asked).toBe(0);
    await userEvent.clear(own(dialog));
    await userEvent.type(own(dialog), "0.5");
    await userEvent.click(dialog.getByRole("button", { name: "Save" }));
    expect(await dialog.findByText("Not a valid integer.")).toBeVisible();
    expect(dialog.queryByRole("alert")).toBeNull();
  });

  it("is decided where somebody changed it at the shop", async () => {
    const sent = takes({ "post /listings/3/price/decision": LISTING });
    priced({ state: "changed", written_again_at: "2026-11-29T12:00:00Z" });
    const dialog = await opened();
    expect(screen.getByText("Price: Somebody changed it at the shop")).toBeInTheDocument();
    const alert = within(dialog.getByRole("alert"));
    expect(alert.getByText("Somebody changed it at the shop")).toBeVisible();
    expect(alert.getByText(/then ours is written again/)).toBeVisible();
    await userEvent.click(alert.getByRole("button", { name: "Keep €13.99" }));
    await waitFor(() => expect(sent.map(({ body }) => body)).toEqual([{ choice: "shop" }]));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  });

  it("is tried again where the shop refused it, and says what came of that", async () => {
    server.use(refuses("post", "/listings/3/price/decision", 503, "not_stored"));
    priced({ state: "failed", error: "Price is locked" });
    const dialog = await opened();
    expect(dialog.getByText("Price is locked")).toHaveAttribute("lang", "en");
    expect(dialog.queryByRole("button", { name: /^Keep/ })).toBeNull();
    await userEvent.click(dialog.getByRole("button", { name: "Try again" }));
    expect(await dialog.findByText("It could not be stored")).toBeVisible();
  });

  it("says in the language of the reader why none is written", async () => {
    priced({ problem: "no_rate" });
    const dialog = await opened("Preis von Blue mug, boxed", "de");
    expect(dialog.getByText(/fehlt ein Kurs für die Währung/)).toBeVisible();
  });

  it("is not asked for where the shop's prices were never synced", async () => {
    server.use(answers("get", "/connections", page([CONNECTION])), ...variantPage({ listings: [LISTING] }));
    open("/stock/1");
    expect(await button("Unlink Blue mug, boxed")).toBeVisible();
    expect(screen.queryByRole("button", { name: /^Price of/ })).toBeNull();
  });
});
