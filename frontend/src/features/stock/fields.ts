/** What a merchant says of a SKU, as it stands in a form. */

import type { Schemas } from "@/api/client";
import type { Key } from "@/i18n/catalog";
import { amountOf, isAmount, minorOf } from "@/ui/amounts";
import { type Entered, isWhole } from "@/ui/numbers";

/** As the API has them (app/domain/variants.py). */
export const LONGEST = { title: 1000, sku: 255, barcode: 100, currency: 3 } as const;
export const HIGHEST_THRESHOLD = 1_000_000_000;

type Document = Schemas["ChangeVariantInput"];

export interface Fields {
  title: string;
  sku: string;
  barcode: string;
  /** Of price and cost; empty where there is neither. */
  currency: string;
  /** In whole units of the currency; empty for none. */
  price: Entered;
  cost: Entered;
  /** Empty for the account's number. */
  threshold: Entered;
}

export const NOTHING: Fields = { title: "", sku: "", barcode: "", currency: "", price: "", cost: "", threshold: "" };

/** The API's name of each field. */
export const NAMES = {
  title: "title",
  sku: "sku",
  barcode: "barcode",
  currency: "currency",
  price: "price_minor",
  cost: "unit_cost_minor",
  threshold: "low_stock_threshold",
} as const satisfies Record<keyof Fields, keyof Document>;

/** What is said of a field that cannot be so. */
export const FAULTS = {
  title: "form.needed",
  currency: "variant.currency.wrong",
  price: "variant.amount.wrong",
  cost: "variant.cost.wrong",
  threshold: "rules.wrong",
} as const satisfies Partial<Record<keyof Fields, Key>>;

export function fieldsOf(variant: Omit<Schemas["Variant"], "id">): Fields {
  const { title, sku, barcode, currency, price_minor, unit_cost_minor, low_stock_threshold } = variant;
  const amount = (minor: number | null) => amountOf(minor, currency);
  return {
    title,
    sku: sku ?? "",
    barcode: barcode ?? "",
    currency,
    price: amount(price_minor),
    cost: amount(unit_cost_minor),
    threshold: low_stock_threshold ?? "",
  };
}

/** What of `fields` is saved: what differs from how it was. */
export function changesOf(fields: Fields, before: Fields): Document {
  const now: Record<string, unknown> = documentOf(before);
  const wanted = documentOf(fields);
  const changes = Object.fromEntries(Object.entries(wanted).filter(([name, value]) => now[name] !== value));
  // Amounts are never converted: with another currency they are all said anew.
  return "currency" in changes
    ? { price_minor: wanted.price_minor, unit_cost_minor: wanted.unit_cost_minor, ...changes }
    : changes;
}

/** Which fields could not be saved so. A shop may have said what we would not: it may stay. */
export function faultsOf(fields: Fields, before: Fields): (keyof typeof FAULTS)[] {
  const { title, currency, price, cost, threshold } = fields;
  const isNew = currency !== before.currency;
  const fits: Record<keyof typeof FAULTS, boolean> = {
    title: title.trim() !== "",
    currency: currency === "" ? price === "" && cost === "" : !isNew || /^[A-Z]{3}$/.test(currency),
    price: price === "" || (price === before.price && !isNew) || isAmount(price, currency, 1),
    cost: cost === "" || (cost === before.cost && !isNew) || isAmount(cost, currency, 0),
    threshold: threshold === "" || isWhole(threshold, 0, HIGHEST_THRESHOLD),
  };
  return (Object.keys(fits) as (keyof typeof FAULTS)[]).filter((name) => !fits[name]);
}

function documentOf({ title, sku, barcode, currency, price, cost, threshold }: Fields) {
  return {
    title: title.trim(),
    sku: sku.trim() || null,
    barcode: barcode.trim() || null,
    // One that was said once stays.
    ...(currency === "" ? {} : { currency }),
    price_minor: price === "" ? null : minorOf(price, currency),
    unit_cost_minor: cost === "" ? null : minorOf(cost, currency),
    low_stock_threshold: threshold === "" ? null : Number(threshold),
  };
}
