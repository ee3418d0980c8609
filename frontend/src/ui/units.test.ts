import { expect, it } from "vitest";

import { isFraction, wholeOf } from "./units";

it.each([
  [7, 7, false],
  ["-3", -3, false],
  ["2.0", 2, false],
  ["", null, false],
  ["-", null, false],
  [".", null, false],
  [1.5, null, true],
  ["-1.50", null, true],
])("%o are %o whole units; a part of one: %o", (entered, whole, isPart) => {
  expect(wholeOf(entered)).toBe(whole);
  expect(isFraction(entered)).toBe(isPart);
});
