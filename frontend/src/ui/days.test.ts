import { describe, expect, it } from "vitest";

import { dayOf, daysAfter, startOf } from "./days";

describe("days", () => {
  it("are those of the place that is asked about, wherever the browser is", () => {
    const late = new Date("2026-11-28T23:30:00Z");
    expect(dayOf(late, "UTC")).toBe("2026-11-28");
    expect(dayOf(late, "Europe/Berlin")).toBe("2026-11-29");
    expect(dayOf(late, "America/New_York")).toBe("2026-11-28");
  });

  it.each([
    ["2026-11-30", "UTC", "2026-11-30T00:00:00.000Z"],
    ["2026-11-30", "Europe/Berlin", "2026-11-29T23:00:00.000Z"],
    ["2026-11-30", "America/New_York", "2026-11-30T05:00:00.000Z"],
    ["2026-11-30", "Asia/Kathmandu", "2026-11-29T18:15:00.000Z"],
    ["2026-11-30", "Pacific/Kiritimati", "2026-11-29T10:00:00.000Z"],
    // Clocks change within the day, or did the day before.
    ["2026-03-29", "Europe/Berlin", "2026-03-28T23:00:00.000Z"],
    ["2026-03-30", "Europe/Berlin", "2026-03-29T22:00:00.000Z"],
    ["2026-10-25", "Europe/Berlin", "2026-10-24T22:00:00.000Z"],
    ["2026-10-26", "Europe/Berlin", "2026-10-25T23:00:00.000Z"],
    ["2026-03-08", "America/New_York", "2026-03-08T05:00:00.000Z"],
    ["2026-03-09", "America/New_York", "2026-03-09T04:00:00.000Z"],
    ["2026-11-02", "America/New_York", "2026-11-02T05:00:00.000Z"],
    // There is no midnight that day, there are two of them, and one comes after 23 o'clock came twice.
    ["2023-03-26", "Asia/Beirut", "2023-03-25T22:00:00.000Z"],
    ["2024-11-03", "America/Havana", "2024-11-03T04:00:00.000Z"],
    ["2024-04-07", "America/Santiago", "2024-04-07T04:00:00.000Z"],
  ])("begin with %s in %s at %s", (day, timeZone, moment) => {
    expect(startOf(day, timeZone)).toBe(moment);
  });

  it("are counted by the calendar", () => {
    expect(daysAfter("2026-11-01", -29)).toBe("2026-10-03");
    expect(daysAfter("2026-02-28", 1)).toBe("2026-03-01");
    expect(startOf("2026-10-25", "Europe/Berlin", 1)).toBe("2026-10-25T23:00:00.000Z");
    expect(() => startOf("9999-12-31", "America/New_York", 1)).not.toThrow();
  });
});
