import { describe, expect, it } from "vitest";

import { digitsOf, formatFor } from "./format";

const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, " ");

describe("money", () => {
  it("has as many digits as the currency", () => {
    const format = formatFor("en-GB");
    expect(format.money(123456, "EUR")).toBe("€1,234.56");
    expect(plain(format.money(1234, "JPY"))).toBe("JP¥1,234");
    expect(plain(format.money(1234567, "KWD"))).toBe("KWD 1,234.567");
    expect([digitsOf("IQD"), digitsOf("ISK"), digitsOf("USD")]).toEqual([3, 0, 2]);
  });

  it("is written as the language does", () => {
    expect(plain(formatFor("de").money(-123456, "EUR"))).toBe("-1.234,56 €");
  });

  it("is told even where the browser does not know the currency", () => {
    expect(formatFor("en").money(1050, "X1")).toBe("10.50 X1");
  });
});

describe("ago", () => {
  const now = Date.parse("2026-11-28T12:00:00Z");
  it.each([
    ["2026-11-28T11:59:48Z", "12 seconds ago"],
    ["2026-11-28T11:57:10Z", "2 minutes ago"],
    ["2026-11-28T09:00:00Z", "3 hours ago"],
    ["2026-11-26T12:00:00Z", "2 days ago"],
    ["2026-11-28T12:00:00Z", "now"],
    ["2026-11-28T12:00:29Z", "now"],
    ["2026-11-28T12:05:00Z", "in 5 minutes"],
  ])("%s is %s", (at, words) => {
    expect(formatFor("en").ago(at, now)).toBe(words);
  });
});
