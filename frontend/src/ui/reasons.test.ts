import { expect, it } from "vitest";

import en from "@/i18n/en.json";
import { translate } from "@/i18n/catalog";
import { formatFor } from "@/i18n/format";

import { reasonsOf } from "./reasons";

const SHOP = {
  state: "active",
  reasons: ["needs_auth", "failing", "refused"],
  failures: 3,
  last_error: "503.",
  last_error_said: null,
  reviews: 0,
  failed_cells: 2,
  last_success_at: null,
};
const said = (key: string, values = {}) => translate(en, "en", key, values);
const say = ({ text }: { text: string }) => text;

it("counts of each reason what it is about, whichever is the worst", () => {
  expect(reasonsOf(SHOP, said, formatFor("en"), say).slice(1)).toEqual([
    "3 calls in a row failed: 503. It is tried again by itself.",
    "The shop refuses 2 of its numbers.",
  ]);
});

it("says nothing of what there are none of by now", () => {
  const well = { ...SHOP, reasons: ["failing", "in_review"], failures: 0 };
  expect(reasonsOf(well, said, formatFor("en"), say)).toEqual([]);
});
