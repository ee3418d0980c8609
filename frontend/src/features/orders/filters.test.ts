import { describe, expect, it } from "vitest";

import { parseSearch, writeSearch } from "@/app/search";

import { countOf, filtersFrom, type OrderFilters, queryOf, sortOf } from "./filters";

const EVERY: OrderFilters = {
  q: "#1001 & more",
  state: ["open", "cancelled"],
  payment: ["paid"],
  shop: 12,
  from: "2026-11-01",
  to: "2026-11-28",
  review: true,
  sort: "-total",
};

describe("filters of orders", () => {
  it("come back from the address as they went into it", () => {
    const address = writeSearch({ ...EVERY });
    expect(address).toBe(
      "?q=%231001+%26+more&state=open&state=cancelled&payment=paid&shop=12&from=2026-11-01&to=2026-11-28&review=true&sort=-total",
    );
    expect(filtersFrom(parseSearch(address))).toEqual(EVERY);
    expect(filtersFrom(parseSearch("?state=open"))).toEqual({ state: ["open"] });
  });

  it("leave out what makes no sense", () => {
    const nonsense = { q: 5, state: "lost", payment: ["gold", "paid"], shop: "-3", from: "soon", review: "no", sort: "x" };
    expect(filtersFrom(nonsense)).toEqual({ payment: ["paid"] });
    expect(filtersFrom({ shop: "1e99", to: "2026-13-45", q: "x".repeat(300) })).toEqual({ q: "x".repeat(100) });
  });

  it("ask the API for whole days of a place", () => {
    const query = queryOf(EVERY, "Europe/Berlin");
    expect(query).toMatchObject({ connection_id: 12, needs_review: true, state: ["open", "cancelled"] });
    expect([query.placed_from, query.placed_to]).toEqual(["2026-10-31T23:00:00.000Z", "2026-11-28T23:00:00.000Z"]);
    expect(queryOf({}, "Europe/Berlin")).toEqual({});
  });

  it("are counted as people see them, and sorted newest first unless said otherwise", () => {
    expect(countOf(EVERY)).toBe(5);
    expect(countOf({ q: "x", sort: "total" })).toBe(0);
    expect([sortOf({}), sortOf({ sort: "total" })]).toEqual(["-placed_at", "total"]);
    expect(filtersFrom({ sort: "-placed_at" })).toEqual({});
  });
});
