import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, it } from "vitest";

import { ME, open, signedIn } from "@/test/app";
import { takes } from "@/test/sent";
import { answers, refuses, server } from "@/test/server";
import { VARIANT, variantPage } from "@/test/variants";

const EMPTY = { items: [], next: null };

beforeEach(() => {
  signedIn();
  server.use(
    answers("get", "/connections", { items: [{ id: 1, name: "Tea", currency: "EUR" }], next: null }),
    ...variantPage({ id: 5, title: "Blue mug" }),
  );
});

const field = (name: string) => screen.findByRole("textbox", { name });
const create = () => screen.getByRole("button", { name: "Create SKU" });

describe("a new SKU", () => {
  it("is begun from an inventory without any, and its page opens once it is made", async () => {
    server.use(
      answers("get", "/stock", EMPTY),
      answers("get", "/stock/count", { count: 0, at_least: false }),
      answers("get", "/saved-views", EMPTY),
    );
    const sent = takes({ "post /variants": { ...VARIANT, id: 5 } });
    const router = open("/stock");
    expect(await screen.findByText("No SKUs yet")).toBeVisible();
    const [header, first] = screen.getAllByRole("link", { name: "New SKU" });
    expect(header).toHaveAttribute("href", "/stock/new");
    await userEvent.click(first as HTMLElement);
    await userEvent.type(await field("Name"), "Blue mug");
    await userEvent.type(await field("SKU"), "MUG");
    await userEvent.type(await field("Price"), "12.5");
    server.use(...variantPage({ id: 5, title: "Blue mug" }));
    await userEvent.click(create());
    expect(await screen.findByRole("heading", { name: "Blue mug" })).toBeVisible();
    expect(router.state.location.pathname).toBe("/stock/5");
    expect(sent.map(({ body }) => body)).toEqual([
      { title: "Blue mug", sku: "MUG", price_minor: 1250, unit_cost_minor: null, currency: "EUR", product_id: null },
    ]);
  });

  it("needs a name", async () => {
    const sent = takes({ "post /variants": VARIANT });
    open("/stock/new");
    expect(await field("Currency")).toHaveValue("EUR");
    await userEvent.type(await field("SKU"), "MUG{Enter}");
    expect(await field("Name")).toHaveAccessibleDescription("This is needed.");
    expect(sent).toEqual([]);
  });

  it("says at the SKU that another has it, and is made with another one", async () => {
    let isTaken = true;
    server.use(
      http.post("*/api/v1/variants", () => {
        if (!isTaken) return HttpResponse.json({ ...VARIANT, id: 5 }, { status: 201 });
        isTaken = false;
        return HttpResponse.json({ status: 409, code: "sku_taken", detail: "" }, { status: 409 });
      }),
    );
    const router = open("/stock/new");
    await userEvent.type(await field("Name"), "Blue mug");
    await userEvent.type(await field("SKU"), "CUP{Enter}");
    await waitFor(async () => expect(await field("SKU")).toHaveAccessibleDescription("Another variant has this SKU"));
    expect(screen.queryByRole("alert")).toBeNull();
    await userEvent.type(await field("SKU"), "-2{Enter}");
    await waitFor(() => expect(router.state.location.pathname).toBe("/stock/5"));
  });

  it("says that it was not made, and keeps what was entered", async () => {
    server.use(refuses("post", "/variants", 503, "not_stored"));
    const router = open("/stock/new");
    await userEvent.type(await field("Name"), "Blue mug{Enter}");
    expect(await screen.findByRole("alert")).toHaveTextContent("It could not be stored");
    expect(await field("Name")).toHaveValue("Blue mug");
    await userEvent.click(screen.getByRole("link", { name: "All SKUs" }));
    const dialog = within(await screen.findByRole("dialog", { name: "Leave without saving?" }));
    await userEvent.click(dialog.getByRole("button", { name: "Stay" }));
    expect(router.state.location.pathname).toBe("/stock/new");
  });

  it("is not for viewers", async () => {
    server.use(answers("get", "/me", { ...ME, role: "viewer" }));
    open("/stock/new");
    expect(await screen.findByText("Your role may look at this, but change nothing.")).toBeVisible();
    expect(screen.queryByRole("button", { name: "Create SKU" })).toBeNull();
  });
});
