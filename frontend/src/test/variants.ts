/** One SKU as the API has it, for tests. */

import { http, HttpResponse } from "msw";

import { answers } from "./server";

const LEVEL = { location_id: 1, location: "Main", on_hand: 10, committed: 2, available: 8 };

export const VARIANT = {
  id: 1,
  product_id: 1,
  product_title: "Mugs",
  sku: "MUG" as string | null,
  title: "Blue mug",
  barcode: null as string | null,
  currency: "EUR",
  price_minor: 1250 as number | null,
  unit_cost_minor: null as number | null,
  low_stock_threshold: null as number | null,
  on_hand: 10,
  committed: 2,
  available: 8,
  listing_count: 0,
  is_bundle: false,
  archived_at: null,
  created_at: "2026-11-01T00:00:00Z",
  levels: [LEVEL],
  listings: [] as object[],
  components: [] as object[],
  part_of: [] as object[],
};

/** What a shop sells of it. */
export const LISTING = {
  id: 3,
  connection_id: 1,
  external_id: "e",
  external_product_id: "p",
  sku: "MUG-1",
  title: "Blue mug, boxed",
  factor: 1,
  variant_id: 1 as number | null,
  unlinked_reason: null,
  cell_state: "active",
  expected: 8,
  error: "" as string | null,
  error_said: null as object | null,
  paused: false,
  share_percent: null as number | null,
  buffer: null as number | null,
  cap: null as number | null,
  fixed_quantity: null as number | null,
  price: null,
};

/** What the page of a SKU asks for. */
export function variantPage(more: Partial<typeof VARIANT> = {}, version = '"1"') {
  const variant = { ...VARIANT, ...more };
  const { id, ...row } = variant;
  return [
    http.get(`*/api/v1/variants/${id}`, () => HttpResponse.json(variant, { headers: { ETag: version } })),
    answers("get", "/stock", { items: [{ ...row, variant_id: id, channels: [] }], next: null }),
    answers("get", `/stock/${id}/history`, { time_zone: "UTC", periods: [], levels: [] }),
    answers("get", `/stock/${id}/why`, { items: [], next: null }),
    answers("get", "/locations", { items: [{ id: 1, name: "Main" }], next: null }),
    answers("get", "/connections", { items: [], next: null }),
  ];
}
