import { describe, expect, it } from "vitest";

import { changesOf, faultsOf, fieldsOf, NOTHING } from "./fields";

const MUG = {
  product_id: 1,
  product_title: "Mugs",
  sku: "MUG",
  title: "Blue mug",
  barcode: null,
  currency: "EUR",
  price_minor: 1250,
  unit_cost_minor: null,
  low_stock_threshold: null,
  on_hand: 0,
  committed: 0,
  available: 0,
  listing_count: 0,
  is_bundle: false,
  archived_at: null,
  created_at: "2026-11-01T00:00:00Z",
};
const BEFORE = fieldsOf(MUG);

describe("a SKU's fields", () => {
  it("are amounts by the digits of the currency", () => {
    expect(BEFORE).toEqual({ ...NOTHING, title: "Blue mug", sku: "MUG", currency: "EUR", price: 12.5 });
    expect(fieldsOf({ ...MUG, currency: "JPY" }).price).toBe(1250);
    expect(fieldsOf({ ...MUG, currency: "KWD" }).price).toBe(1.25);
  });

  it("are saved where they differ, and taken away where they are emptied", () => {
    expect(changesOf(BEFORE, BEFORE)).toEqual({});
    expect(changesOf({ ...BEFORE, title: " Blue mug ", price: 12.5 }, BEFORE)).toEqual({});
    const changed = { ...BEFORE, sku: " ", barcode: "40123 ", price: 19.99, cost: 0.29, threshold: 3 };
    expect(changesOf(changed, BEFORE)).toEqual({
      ...{ sku: null, barcode: "40123", price_minor: 1999, unit_cost_minor: 29, low_stock_threshold: 3 },
    });
    expect(changesOf({ ...BEFORE, price: "" }, BEFORE)).toEqual({ price_minor: null });
  });

  it("say both amounts anew in another currency, and keep the one that there is where none is named", () => {
    expect(changesOf({ ...BEFORE, currency: "JPY", price: 1250 }, BEFORE)).toEqual({
      ...{ currency: "JPY", price_minor: 1250, unit_cost_minor: null },
    });
    expect(changesOf({ ...BEFORE, currency: "", price: "" }, BEFORE)).toEqual({ price_minor: null });
  });

  it.each([
    ["title", { title: " " }],
    ["currency", { currency: "EU" }],
    ["currency", { currency: "" }],
    ["price", { price: 0 }],
    ["price", { price: 1.005 }],
    ["price", { price: "1.00" }],
    ["price", { price: 20_000_000_000 }],
    ["cost", { cost: -1 }],
    ["threshold", { threshold: 1.5 }],
  ] as const)("cannot be so: %s of %o", (name, more) => {
    expect(faultsOf({ ...BEFORE, ...more }, BEFORE)).toEqual([name]);
  });

  it("may stay as a shop has said them, and be as small as the currency's smallest unit", () => {
    const free = fieldsOf({ ...MUG, price_minor: 0 });
    expect(faultsOf({ ...free, title: "Mug" }, free)).toEqual([]);
    expect(faultsOf({ ...BEFORE, price: 0.01, cost: 0, threshold: 0 }, BEFORE)).toEqual([]);
    expect(faultsOf({ ...BEFORE, currency: "USD" }, BEFORE)).toEqual([]);
    expect(faultsOf({ ...BEFORE, currency: "JPY", price: 12.5 }, BEFORE)).toEqual(["price"]);
  });
});
