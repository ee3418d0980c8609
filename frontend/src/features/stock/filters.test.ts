import { describe, expect, it } from "vitest";

import { markOf, syncedAt } from "./channels";
import { columnsFrom } from "./columns";
import { filtersFrom, queryOf, sortOf } from "./filters";

describe("filters", () => {
  it("leave out what makes no sense", () => {
    const raw = { q: ["a"], shop: "x", low: "yes", listed: "maybe", archived: "no", sort: "-price", colour: "red" };
    expect(filtersFrom(raw)).toEqual({});
    expect(queryOf({})).toEqual({ archived: "no" });
    expect(sortOf({})).toBe("sku");
  });

  it("are read from an address as they were written to it", () => {
    const filters = { q: "mug", shop: 3, place: 2, low: true, out: true, differs: true, listed: "no", bundles: "yes", archived: "any", sort: "-sku" } as const;
    const address = Object.fromEntries(Object.entries(filters).map(([name, value]) => [name, String(value)]));
    expect(filtersFrom(address)).toEqual(filters);
    expect(queryOf(filters)).toEqual({
      q: "mug",
      connection_id: 3,
      location_id: 2,
      low_stock: true,
      out_of_stock: true,
      differs: true,
      has_listings: false,
      is_bundle: true,
      archived: "any",
    });
  });
});

describe("columns", () => {
  it("that were kept are those that there can be", () => {
    expect(columnsFrom(["on_hand", "shop:3", "place:1", "shop:x", "colour", 5])).toEqual(["on_hand", "shop:3", "place:1"]);
    expect([columnsFrom("on_hand"), columnsFrom(null)]).toEqual([null, null]);
  });

  const fine = { state: "active", expected: 5, target: 5, drift: 0, held: false, synced_at: "2026-11-28T09:00:00Z" };

  it.each([
    [{}, null],
    [{ target: 4 }, "behind"],
    [{ drift: -1, target: 4 }, "changed"],
    [{ drift: -1, target: 4, held: true }, "held"],
    [{ expected: null }, "waiting"],
    [{ state: "failed", expected: null }, "failed"],
  ])("tell what is the worst of a shop's numbers: %o is %s", (more, mark) => {
    expect(markOf([fine, { ...fine, ...more }] as never)).toBe(mark);
  });

  it("tell of the shop that was looked at longest ago, and of none where one never was", () => {
    const at = (synced_at: string | null) => ({ ...fine, synced_at });
    const [early, late] = ["2026-11-28T08:00:00Z", "2026-11-28T10:00:00Z"];
    expect(syncedAt({ channels: [at(late), at(early), at(late)] } as never)).toBe(early);
    expect(syncedAt({ channels: [at(early), at(null), at(late)] } as never)).toBeNull();
  });
});
