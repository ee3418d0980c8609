import { render, screen } from "@testing-library/react";
import type { ComponentProps } from "react";
import { expect, it } from "vitest";

import { loadAll, type Language } from "@/i18n/catalog";
import { WordsProvider } from "@/i18n/words";

import { Said } from "./Said";

async function told(language: Language, line: object) {
  const catalog = await loadAll(language);
  render(
    <WordsProvider language={language} catalog={catalog}>
      <p>
        <Said line={line as ComponentProps<typeof Said>["line"]} />
      </p>
    </WordsProvider>,
  );
  return screen.getByRole("paragraph");
}

const RESERVED = {
  text: "1200 units reserved for order 1001 at Web",
  code: "reserved",
  values: { count: 1200, order: "1001", shop: "Web", place: "Main" },
};

it("says what happened in the language of the reader", async () => {
  expect(await told("de", RESERVED)).toHaveTextContent("1.200 Stück für Bestellung 1001 bei Web reserviert (Main)");
});

it.each([
  [{ code: "changed_at_shop", values: { shop: "Web", change: 2 } }, "The number at Web was changed there by +2"],
  [
    { code: "settled", values: { order: "7", shop: "Web", on_hand_change: -1, reserved_change: -2 } },
    "order 7 at Web: -1 on hand, -2 reserved",
  ],
  [
    { code: "added", values: { count: 1, reason: "found", who: "ben", note: "behind the shelf" } },
    "1 unit added (Found) by ben: behind the shelf",
  ],
  [
    {
      code: "read_refunded",
      values: { shop: "Web", state: "fulfilled", payment: "refunded", refunded_minor: 500, currency: "EUR" },
    },
    "Read last from Web: Shipped, Refunded, €5.00 refunded",
  ],
])("speaks of what the values name: %j", async (line, words) => {
  expect(await told("en", line)).toHaveTextContent(words);
});

it("says faults in faults in the language of the reader, and leaves what a platform said", async () => {
  const line = {
    code: "told_verdict",
    values: {
      shop: "Web",
      topic: "order.updated",
      progress: "retrying",
      verdict: "order not applied: Shopify refused: Bad luck",
      verdict_said: {
        code: "order_not_applied",
        values: {
          problem: "Shopify refused: Bad luck",
          problem_said: { code: "shopify_refused", values: { answer: "Bad luck" } },
        },
      },
    },
  };
  expect(await told("de", line)).toHaveTextContent("Bestellung nicht übernommen: Shopify lehnt ab: Bad luck");
});

it("falls back to the API's English for what it does not know", async () => {
  const line = { text: "A comet passed.", code: "comet", values: {} };
  expect((await told("de", line)).querySelector("[lang=en]")).toHaveTextContent("A comet passed.");
});
