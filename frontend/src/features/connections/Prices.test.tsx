import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, it } from "vitest";

import { ME, open, signedIn } from "@/test/app";
import { CONNECTION } from "@/test/connections";
import { takes } from "@/test/sent";
import { answers, refuses, server } from "@/test/server";

beforeEach(() => {
  signedIn();
  server.use(answers("get", "/listings", { items: [], next: null }));
});

const RULE = {
  connection_id: 1,
  currency: "EUR",
  state: "off",
  version: 0,
  factor: "1",
  rates: {} as Record<string, string>,
  rounding: "unit",
  rounding_minor: 0,
  direction: "nearest",
  brake_percent: 20,
  brake_change_percent: 30,
  braked_at: null as string | null,
};
const SUMMARY = { raised: 1, lowered: 0, unchanged: 0, cannot: 1, large: 1, problems: { no_base_price: 1 } };
const ROW = {
  listing_id: 4,
  sku: "MUG",
  title: "Blue mug",
  variant_id: 2,
  shop_minor: 1000 as number | null,
  new_minor: 1500 as number | null,
  change: "raised",
  problem: "",
};
const NONE = { ...ROW, listing_id: 5, title: "Tray", new_minor: null, change: "cannot", problem: "no_base_price" };

/** The rule as it is, with the version that a change has to name. */
function rule(more: Partial<typeof RULE> = {}) {
  const document = { ...RULE, ...more };
  const headers = { ETag: `"${document.state} ${document.version}"` };
  server.use(http.get("*/api/v1/connections/1/price-rule", () => HttpResponse.json(document, { headers })));
  return document;
}

function shown(more: Partial<typeof RULE> = {}, language?: "de") {
  rule(more);
  server.use(answers("get", "/connections/1", CONNECTION));
  return open("/connections/1?tab=prices", language);
}

function preview(rows: object[] = [ROW, NONE]) {
  const asked: string[] = [];
  server.use(
    answers("get", "/connections/1/price-preview/summary", SUMMARY),
    http.get("*/api/v1/connections/1/price-preview", ({ request }) => {
      const { searchParams } = new URL(request.url);
      asked.push(searchParams.get("change") ?? "all");
      const next = searchParams.get("cursor") === null ? "more" : null;
      return HttpResponse.json({ items: next === null ? [{ ...ROW, listing_id: 6, title: "Pot" }] : rows, next });
    }),
  );
  return asked;
}

const field = (name: string) => screen.findByRole("textbox", { name });
const button = (name: string) => screen.findByRole("button", { name });
const changes = () => screen.findByRole("region", { name: "What would change at the shop" });

async function write(name: string, value: string) {
  await userEvent.clear(await field(name));
  await userEvent.type(await field(name), value);
}

describe("a shop's price rule", () => {
  it("is saved with all that it is made of, as a preview that writes nothing", async () => {
    const sent = takes({ "put /connections/1/price-rule": RULE });
    shown();
    expect(await changes()).toHaveTextContent("Nothing is written by that.");
    await write("Factor", "1.25");
    await userEvent.click(await button("Add a rate"));
    expect(await field("Currency")).toHaveFocus();
    await write("Currency", "usd");
    await write("1 USD in EUR", "0.9215");
    await userEvent.click(screen.getByRole("radio", { name: "To an ending" }));
    await write("Ending, EUR", "0.99");
    await userEvent.click(screen.getByRole("radio", { name: /^Always up/ }));
    await write("Share of listings, in %", "10");
    preview();
    rule({ state: "preview", version: 1, factor: "1.25" });
    await userEvent.click(await button("Save and preview"));
    expect(await screen.findByRole("row", { name: /Blue mug/ })).toBeVisible();
    expect(sent.map(({ body }) => body)).toEqual([
      {
        enabled: true,
        factor: "1.25",
        rates: { USD: "0.9215" },
        rounding: "ending",
        rounding_minor: 99,
        direction: "up",
        brake_percent: 10,
        brake_change_percent: 30,
      },
    ]);
    expect(sent[0]?.headers.get("If-Match")).toBe('"off 0"');
  });

  it("names the prices that were changed or refused at the shop, with the way to decide, while it is on", async () => {
    const asked: string[] = [];
    const price = { state: "changed", shop_minor: 800, currency: "EUR" };
    preview();
    server.use(
      http.get("*/api/v1/listings", ({ request }) => {
        asked.push(new URL(request.url).search);
        return HttpResponse.json({ items: [{ id: 4, sku: "MUG", title: "Blue mug", variant_id: 2, price }], next: null });
      }),
    );
    shown({ state: "on", version: 1 });
    const list = within(await screen.findByRole("region", { name: "Prices that wait for you" }));
    expect(list.getByText(/^Somebody changed it at the shop · At the shop: €8.00$/)).toBeVisible();
    expect(list.getByRole("link", { name: "Decide: Blue mug" })).toHaveAttribute("href", "/stock/2");
    expect(asked).toEqual(["?connection_id=1&price_waits=true&limit=20"]);
  });

  it("says at each field what is wrong, and sends nothing", async () => {
    const sent = takes({ "put /connections/1/price-rule": RULE });
    shown({ rates: { USD: "0.9215" } });
    await write("Factor", "0");
    await write("Currency", "EUR");
    await write("1 EUR in EUR", "0");
    await userEvent.click(screen.getByRole("radio", { name: "To an ending" }));
    await write("Ending, EUR", "1");
    await write("Change by more than, in %", "0");
    await userEvent.click(await button("Save and preview"));
    expect(await field("Factor")).toHaveAccessibleDescription(/A number above 0 and at most 1000/);
    expect(await field("Currency")).toHaveAccessibleDescription(/Another currency each/);
    expect(await field("1 EUR in EUR")).toHaveAccessibleDescription("A number above 0, please.");
    expect(await field("Ending, EUR")).toHaveAccessibleDescription("Below one whole unit, such as 0.99 of it.");
    expect(await field("Change by more than, in %")).toBeInvalid();
    expect(sent).toEqual([]);
  });

  it("has the API's fault at its field", async () => {
    const errors = { json: { factor: ["A factor is a decimal such as 1.10, as text."] } };
    const problem = { status: 422, code: "invalid_input", detail: "Something in it cannot be used.", errors };
    server.use(http.put("*/api/v1/connections/1/price-rule", () => HttpResponse.json(problem, { status: 422 })));
    shown();
    await userEvent.click(await button("Save and preview"));
    expect(await screen.findByText("A factor is a decimal such as 1.10, as text.")).toBeVisible();
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("keeps what is typed where somebody else was faster", async () => {
    preview();
    shown({ state: "preview", version: 1, rates: { USD: "0.9" } });
    await write("1 USD in EUR", "0.95");
    rule({ state: "preview", version: 2, rates: { USD: "0.9" }, factor: "1.5" });
    server.use(refuses("put", "/connections/1/price-rule", 412, "precondition_failed"));
    await userEvent.click(await button("Save"));
    expect(await screen.findByText("Somebody changed it meanwhile")).toBeVisible();
    await waitFor(async () => expect(await field("Factor")).toHaveValue("1.5"));
    expect(await field("1 USD in EUR")).toHaveValue("0.95");
  });

  it("is the one that somebody else has saved once that is seen, as its preview is", async () => {
    preview();
    const { queries } = shown({ state: "preview", version: 1 }).options.context;
    expect(await field("Factor")).toHaveValue("1");
    rule({ state: "preview", version: 2, factor: "1.5" });
    await queries.invalidateQueries({ queryKey: ["get", "/api/v1/connections/{connection_id}/price-rule"] });
    await waitFor(async () => expect(await field("Factor")).toHaveValue("1.5"));
  });

  it("is written as the reader's language writes numbers", async () => {
    shown({ factor: "1.1" }, "de");
    expect(await field("Faktor")).toHaveValue("1,1");
  });

  it("waits, and says what failed and tries again", async () => {
    shown();
    server.use(refuses("get", "/connections/1/price-rule", 503, "not_stored"));
    const alert = await screen.findByRole("alert");
    expect(screen.queryByRole("textbox", { name: "Factor" })).toBeNull();
    rule();
    await userEvent.click(within(alert).getByRole("button", { name: "Try again" }));
    expect(await field("Factor")).toHaveValue("1");
  });

  it("lets staff look only", async () => {
    server.use(answers("get", "/me", { ...ME, role: "staff" }));
    preview();
    shown({ state: "preview", version: 1, braked_at: "2026-11-29T12:00:00Z" });
    expect(await screen.findByRole("row", { name: /Blue mug/ })).toBeVisible();
    expect(await field("Factor")).toHaveAttribute("readonly");
    for (const name of ["Save", "Add a rate", "Write the prices", "Switch off", "Release the brake"]) {
      expect(screen.queryByRole("button", { name })).toBeNull();
    }
  });
});

describe("the preview of a shop's prices", () => {
  it("says for each listing what it would show, or why not, page by page and of one kind", async () => {
    const asked = preview();
    shown({ state: "preview", version: 1 });
    expect(await screen.findByRole("row", { name: /Blue mug/ })).toHaveTextContent("€10.00€15.00 (+50%)");
    expect(screen.getByRole("row", { name: /Tray/ })).toHaveTextContent("The SKU has no base price.");
    await userEvent.click(await button("Show more"));
    expect(await screen.findByRole("row", { name: /Pot/ })).toBeVisible();
    await userEvent.click(screen.getByRole("radio", { name: "No price (1)" }));
    await waitFor(() => expect(asked.at(-1)).toBe("cannot"));
  });

  it("is agreed to with its figures, and applies the version that was seen", async () => {
    const sent = takes({ "post /connections/1/price-rule/apply": RULE });
    preview();
    shown({ state: "preview", version: 3 });
    await userEvent.click(await button("Write the prices"));
    const dialog = within(await screen.findByRole("dialog"));
    expect(dialog.getByText("1 raised, 0 lowered; 1 get none.")).toBeVisible();
    expect(dialog.getByText("1 price changes by more than 30 %.")).toBeVisible();
    expect(dialog.getByText(/the brake lets it through/)).toBeVisible();
    rule({ state: "on", version: 3 });
    await userEvent.click(dialog.getByRole("button", { name: "Write the prices" }));
    expect(await screen.findByText("Prices are written to Tea from now on")).toBeVisible();
    expect(sent.map(({ body }) => body)).toEqual([{ version: 3 }]);
    await waitFor(() => expect(screen.queryByRole("button", { name: "Write the prices" })).toBeNull());
    expect(await screen.findByText(/^Price sync is on: what you save is written within seconds/)).toBeVisible();
  });

  it("is not applied while another rule stands in the form", async () => {
    preview();
    shown({ state: "preview", version: 1 });
    expect(await button("Write the prices")).toBeEnabled();
    await write("Factor", "2");
    expect(await button("Write the prices")).toBeDisabled();
    expect(await changes()).toHaveTextContent("This is by the rule as it was saved.");
  });

  it("says what failed and tries again", async () => {
    server.use(refuses("get", "/connections/1/price-preview/summary", 503, "not_stored"));
    shown({ state: "preview", version: 1 });
    const alert = await within(await changes()).findByRole("alert");
    preview();
    await userEvent.click(within(alert).getByRole("button", { name: "Try again" }));
    expect(await screen.findByRole("row", { name: /Blue mug/ })).toBeVisible();
  });
});

describe("a price sync that is on", () => {
  it("is switched off with the rule as it is saved, whatever stands in the form", async () => {
    const sent = takes({ "put /connections/1/price-rule": RULE });
    preview();
    shown({ state: "on", version: 1, factor: "1.1" });
    await write("Factor", "2");
    await userEvent.click(await button("Switch off"));
    const dialog = within(await screen.findByRole("dialog"));
    expect(dialog.getByText(/The shop keeps the prices that it has/)).toBeVisible();
    rule({ state: "off", version: 2, factor: "1.1" });
    await userEvent.click(dialog.getByRole("button", { name: "Switch off" }));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(sent.map(({ body }) => body)).toMatchObject([{ enabled: false, factor: "1.1" }]);
    expect(await field("Factor")).toHaveValue("2");
  });

  it("says that the brake has stopped it, and goes on once that is released", async () => {
    const sent = takes({ "post /connections/1/price-rule/release-brake": RULE });
    preview();
    shown({ state: "on", version: 1, braked_at: "2026-11-29T12:00:00Z" });
    const alert = within(await screen.findByRole("alert"));
    expect(alert.getByText(/None is written before you have looked/)).toBeVisible();
    await userEvent.click(alert.getByRole("button", { name: "Release the brake" }));
    const dialog = within(await screen.findByRole("dialog"));
    expect(dialog.getByText(/^The prices that are right by then are written\./)).toBeVisible();
    rule({ state: "on", version: 1 });
    await userEvent.click(dialog.getByRole("button", { name: "Release the brake" }));
    await waitFor(() => expect(screen.queryByText("Price sync has stopped and asks")).toBeNull());
    expect(sent).toHaveLength(1);
  });
});
