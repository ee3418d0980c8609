import { describe, expect, it } from "vitest";

import { decimalFrom, isUncertain, numberFrom, wholeOf, written, writtenExactly } from "./numbers";

describe("an amount that is typed", () => {
  it.each([
    // typed, in English, in German
    ["1234.50", 1234.5, null],
    ["1,234.50", 1234.5, null],
    ["1234,50", null, 1234.5],
    ["1.234,50", null, 1234.5],
    ["1 234,50", null, 1234.5],
    ["1\u00a0234.50", 1234.5, null],
    ["1’234.50", 1234.5, null],
    ["1,234,567.8", 1234567.8, null],
    ["1.234.567,8", null, 1234567.8],
    // By the language it is one of the two, and never the other.
    ["1,234", 1234, null],
    ["1.234", null, 1234],
    ["0.921", null, null],
    ["0,921", null, null],
    ["00.921", null, null],
    ["12.50", 12.5, null],
    ["12,50", null, 12.5],
    ["12,5", null, 12.5],
    ["1000", 1000, 1000],
    [" 7 ", 7, 7],
    ["-3", -3, -3],
    ["−3.5", -3.5, null],
    ["-0", 0, 0],
    // No number, or one that nobody writes so.
    ["", null, null],
    ["-", null, null],
    ["12.", null, null],
    [".5", null, null],
    ["1,23,456", null, null],
    ["1,2345", null, null],
    ["1,234.", null, null],
    ["1.234,567", null, null],
    ["1,234.567", null, null],
    ["0x10", null, null],
    ["1e3", null, null],
    ["€5", null, null],
    ["Infinity", null, null],
  ])("%o is %o in English and %o in German", (text, english, german) => {
    expect(numberFrom(text, "en-GB", 2)).toBe(english);
    expect(numberFrom(text, "de", 2)).toBe(german);
  });

  it("has no more digits than its currency", () => {
    expect(numberFrom("1.250", "en", 3)).toBe(1.25);
    expect(numberFrom("1.250", "en", 2)).toBeNull();
    expect(numberFrom("1.250", "de", 3)).toBe(1250);
    expect(numberFrom("1250", "en", 0)).toBe(1250);
    expect(numberFrom("1250.0", "en", 0)).toBeNull();
  });

  it("is read back as it stands in the field", () => {
    for (const locale of ["en", "de", "de-AT", "de-CH", "fr"]) {
      for (const [amount, digits] of [[1234567.5, 2], [12, 2], [1.25, 3], [1250, 0], [-3, 0]] as const) {
        expect(numberFrom(written(amount, locale, digits), locale, digits), locale).toBe(amount);
      }
    }
    expect(written(12.5, "de", 2)).toBe("12,50");
    expect(written("1.5.", "de", 2)).toBe("1.5.");
  });
});

describe("an exact number", () => {
  it("loses no digit on its way", () => {
    const rate = "123456789.123456789012";
    expect(writtenExactly(rate, "de")).toBe("123456789,123456789012");
    expect(decimalFrom("123.456.789,123456789012", "de", 12)).toBe(rate);
    expect(decimalFrom(rate, "en", 12)).toBe(rate);
    expect(decimalFrom("-3", "de", 12)).toBe("-3");
    expect(decimalFrom("0,9.5", "de", 12)).toBeNull();
  });
});

it.each([
  [7, 7, false],
  [-3, -3, false],
  ["", null, false],
  ["-", null, true],
  ["1.000", null, true],
  [1.5, null, false],
])("%o are %o whole units; uncertain: %o", (entered, whole, uncertain) => {
  expect(wholeOf(entered)).toBe(whole);
  expect(isUncertain(entered)).toBe(uncertain);
});
