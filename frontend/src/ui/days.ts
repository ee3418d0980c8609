/** Days by the merchant's clock: of whoever works for an account, the browsers are in many places. */

import { api } from "@/api/client";
import { dateTimeFormat } from "@/i18n/intl";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const RARELY_MS = 600_000;

/** Where the merchant's days begin, and whether that is known: until it is, and where it cannot be asked, the browser's
 *  clock stands in. It is not asked for where it is not needed. */
export function useTimeZone(isNeeded = true): { timeZone: string; isKnown: boolean } {
  const options = { staleTime: RARELY_MS, enabled: isNeeded };
  const { data, isPending } = api.useQuery("get", "/api/v1/account/reporting", {}, options);
  const here = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  return { timeZone: data?.time_zone ?? here, isKnown: !isNeeded || !isPending };
}

/** Whether a filter names a day. */
export function hasDay({ from, to }: { from?: string; to?: string }): boolean {
  return from !== undefined || to !== undefined;
}

/** Which day it is somewhere. */
export function dayOf(at: Date | number, timeZone: string): string {
  return dateTimeFormat("sv-SE", { timeZone, dateStyle: "short" }).format(at);
}

export function daysAfter(day: string, count: number): string {
  return new Date(Date.parse(day) + count * DAY_MS).toISOString().slice(0, 10);
}

/** When the day so many days later begins, as the API takes it: at midnight, or where the clocks leave that out, after it. */
export function startOf(day: string, timeZone: string, daysLater = 0): string {
  const midnight = Date.parse(day) + daysLater * DAY_MS;
  // Where clocks change about then, one of these is an hour off.
  const [first, second] = [midnight - DAY_MS, midnight + DAY_MS]
    .map((about) => midnight - aheadOf(about, timeZone))
    .toSorted((one, other) => one - other) as [number, number];
  return new Date(first + aheadOf(first, timeZone) >= midnight ? first : second).toISOString();
}

/** By how many milliseconds clocks are ahead of UTC at a moment. */
function aheadOf(at: number, timeZone: string): number {
  const offset = dateTimeFormat("en", { timeZone, timeZoneName: "longOffset" }).format(at);
  const [, sign, hours, minutes] = /GMT([+-])(\d+):(\d+)/.exec(offset) ?? [];
  return Number(`${sign ?? "+"}1`) * (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * MINUTE_MS;
}
