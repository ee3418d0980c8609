import { describe, expect, it } from "vitest";

import { type Chain, countOf, extended, PAGE } from "./useStockPages";

function page(next: string | null, rows = PAGE) {
  return { items: Array.from({ length: rows }, () => ({})), next } as never;
}

describe("the chain of pages", () => {
  const nothing: Chain = { cursors: [null], end: null };

  it("has room for a page more while there are more, and ends with the last one", () => {
    const one = extended(nothing, 0, [page("b")]);
    expect([one.cursors, countOf(one)]).toEqual([[null, "b"], 2 * PAGE]);
    const two = extended(one, 0, [page("b"), page(null, 7)]);
    expect([two.end, countOf(two)]).toEqual([PAGE + 7, PAGE + 7]);
  });

  it("stays the same where nothing new is known", () => {
    const one = extended(nothing, 0, [page("b")]);
    expect(extended(one, 0, [page("b"), undefined])).toBe(one);
    expect(extended(nothing, 0, [undefined])).toBe(nothing);
  });

  it("goes on behind its end where rows came, and ends sooner where rows went", () => {
    const ended: Chain = { cursors: [null, "b"], end: PAGE + 7 };
    const grown = extended(ended, 1, [page("c")]);
    expect([grown.cursors, grown.end]).toEqual([[null, "b", "c"], null]);
    const shrunk = extended(ended, 0, [page(null, 3)]);
    expect([shrunk.cursors, shrunk.end]).toEqual([[null], 3]);
  });

  it("follows a page that ends elsewhere by now", () => {
    const three: Chain = { cursors: [null, "b", "c"], end: 2 * PAGE + 1 };
    expect(extended(three, 0, [page("b2")])).toEqual({ cursors: [null, "b2", "c"], end: 2 * PAGE + 1 });
  });

  it("does not mind pages that it has no room for any more", () => {
    expect(extended(nothing, 1, [page("c")])).toBe(nothing);
  });
});
