import { describe, expect, it } from "vitest";

import { formatFor } from "@/i18n/format";

import { namesOf, spanOf } from "./spans";

const LATE = new Date("2026-11-28T23:30:00Z");

describe("spans", () => {
  it("end on the merchant's day", () => {
    expect(spanOf({ days: 1 }, "UTC", LATE).first).toBe("2026-11-28");
    expect(spanOf({ days: 1 }, "Europe/Berlin", LATE).first).toBe("2026-11-29");
    expect(spanOf({ days: 30 }, "Europe/Berlin", LATE).first).toBe("2026-10-31");
    expect(spanOf({}, "UTC", LATE)).toEqual(spanOf({ days: 30 }, "UTC", LATE));
  });

  it.each([
    [1, "hour"],
    [7, "day"],
    [90, "day"],
    [365, "week"],
    [731, "month"],
  ])("of %i days are cut by the %s", (days, grain) => {
    expect(spanOf({ days }, "UTC", LATE).grain).toBe(grain);
  });

  it("call periods as the merchant's clock does", () => {
    const start = "2026-11-27T23:00:00Z";
    const report = { time_zone: "Europe/Berlin", periods: [{ start, end: start, local_start: start }] };
    const format = formatFor("en-GB");
    expect(namesOf({ ...report, grain: "day" }, format)).toEqual(["28 Nov"]);
    expect(namesOf({ ...report, grain: "month" }, format)).toEqual(["Nov 2026"]);
  });
});
