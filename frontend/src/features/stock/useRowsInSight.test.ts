import { describe, expect, it } from "vitest";

import { inDocument } from "./useRowsInSight";

describe("rows in the document", () => {
  it("are those in sight and some around them, however many there are", () => {
    const shown = inDocument(50_000, 50_015, 100_000, 50_003);
    expect([shown[0], shown.at(-1), shown.length]).toEqual([49_996, 50_019, 24]);
  });

  it("end with the list", () => {
    expect(inDocument(0, 15, 3, 0)).toEqual([0, 1, 2]);
    expect(inDocument(0, -1, 0, 0)).toEqual([]);
  });

  it("have the active one among them, in its place", () => {
    expect(inDocument(500, 510, 1000, 7)[0]).toBe(7);
    expect(inDocument(0, 10, 1000, 700).at(-1)).toBe(700);
    expect(inDocument(0, 10, 100, 700)).not.toContain(700);
  });
});
