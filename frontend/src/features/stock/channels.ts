/** What shops show of a variant, and what is to be said of it. */

import type { Schemas } from "@/api/client";
import type { Format } from "@/i18n/format";
import type { Words } from "@/i18n/words";
import type { IconName } from "@/ui/icons";
import type { Say } from "@/ui/Said";

import type { Row } from "./useStockPages";

export type Channel = Schemas["Channel"];

export interface Told {
  mark: Mark;
  icon: IconName;
  colour: "red" | "amber";
  words: string;
}

type Mark = keyof typeof MARKS;

const MARKS = {
  failed: { icon: "stop", colour: "red" },
  waiting: { icon: "half", colour: "amber" },
  held: { icon: "review", colour: "amber" },
  changed: { icon: "warn", colour: "amber" },
  behind: { icon: "swap", colour: "amber" },
} as const;

/** Over all of a shop's numbers of a variant. */
export function shownAt(format: Format, channels: readonly Channel[]): string {
  const known = channels.map((each) => each.expected).filter((each) => each !== null);
  return known.length === 0 ? "?" : format.number(sum(known));
}

/** What is to be said of a shop's numbers, if anything. */
export function toldOf(t: Words["t"], format: Format, say: Say, channels: readonly Channel[]): Told | null {
  const mark = markOf(channels);
  if (mark === null) {
    return null;
  }
  const wanted = format.number(sum(channels.map((each) => each.target ?? 0)));
  const failed = channels.find((each) => each.error !== "");
  const error = failed === undefined ? "" : say({ text: failed.error, ...failed.error_said });
  const shown = shownAt(format, channels);
  return { mark, ...MARKS[mark], words: t(`stock.mark.${mark}`, { wanted, shown, error }) };
}

export function markOf(channels: readonly Channel[]): Mark | null {
  if (channels.some((each) => each.state === "failed")) return "failed";
  if (channels.some((each) => each.state === "waiting" || each.expected === null)) return "waiting";
  if (channels.some((each) => each.held)) return "held";
  if (channels.some((each) => each.drift !== 0)) return "changed";
  if (channels.some((each) => each.target !== null && each.target !== each.expected)) return "behind";
  return null;
}

/** When the shop was that was looked at longest ago. */
export function syncedAt({ channels }: Pick<Row, "channels">): string | null {
  return channels.map((each) => each.synced_at).reduce<string | null>((oldest, at, index) => {
    if (index === 0 || oldest === null || at === null) return index === 0 ? at : null;
    return at < oldest ? at : oldest;
  }, null);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
