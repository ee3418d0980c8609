/** Which days a widget shows, and how its periods are called. */

import type { Schemas } from "@/api/client";
import type { Format } from "@/i18n/format";
import { dayOf, daysAfter } from "@/ui/days";

export type Options = Schemas["WidgetOptions"];
export type Grain = Schemas["OrderReport"]["grain"];

const DEFAULT_DAYS = 30;
const MOST_DAYS = 731;
/** The finest grain at which that many days are still told apart. */
const GRAINS: readonly (readonly [number, Grain])[] = [
  [2, "hour"],
  [92, "day"],
  [366, "week"],
  [MOST_DAYS, "month"],
];

export interface Asked {
  first: string;
  grain: Grain;
}

/** The last so many days by the merchant's clock, today included. */
export function spanOf(options: Options, timeZone: string, now = new Date()): Asked {
  const days = Math.min(Math.max(options.days ?? DEFAULT_DAYS, 1), MOST_DAYS);
  const first = daysAfter(dayOf(now, timeZone), 1 - days);
  return { first, grain: GRAINS.find(([most]) => days <= most)?.[1] ?? "month" };
}

type Dated = Pick<Schemas["OrderReport"], "grain" | "periods" | "time_zone">;

/** The periods of a report, as an axis or the rows of a table call them. */
export function namesOf(report: Dated, format: Format): string[] {
  const names = LOOKS[report.grain];
  return report.periods.map(({ start }) => format.moment(start, { ...names, timeZone: report.time_zone }));
}

const LOOKS: Record<Grain, Intl.DateTimeFormatOptions> = {
  hour: { day: "numeric", month: "short", hour: "numeric", minute: "2-digit" },
  day: { day: "numeric", month: "short" },
  week: { day: "numeric", month: "short", year: "numeric" },
  month: { month: "short", year: "numeric" },
};
