import { screen, within } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";

import { open, signedIn } from "@/test/app";
import { CONNECTION, page } from "@/test/connections";
import { answers, server } from "@/test/server";
import { LISTING, variantPage } from "@/test/variants";

/** Shops sell the SKU so. */
function listed(...listings: Partial<typeof LISTING>[]) {
  server.use(
    ...variantPage({ listings: listings.map((more) => ({ ...LISTING, ...more })) }),
    answers("get", "/connections", page([CONNECTION])),
  );
}

beforeEach(() => signedIn());

const section = async (name = "Listings") => within(await screen.findByRole("region", { name }));

describe("what a shop has against a listing", () => {
  it("is said in the language of the reader", async () => {
    const error_said = { code: "number_differs", values: { now: "5", quantity: "8" } };
    listed({ error: "The shop answered 5 to a write of 8.", error_said });
    open("/stock/1", "de");
    expect(await (await section("Angebote")).findByText("Der Shop hat auf 8 mit 5 geantwortet.")).toBeVisible();
  });

  it("stays as a platform said it", async () => {
    listed({ error: "Bad luck" });
    open("/stock/1", "de");
    expect(await (await section("Angebote")).findByText("Bad luck")).toHaveAttribute("lang", "en");
  });
});
