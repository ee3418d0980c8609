/** What a merchant sets for one listing, as it stands in a form. */

import type { Schemas } from "@/api/client";
import { type Entered, isWhole, MOST_UNITS, wholeOf } from "@/ui/numbers";

type Listing = Schemas["Listing"];

/** As the API has them (app/services/publishing.py). */
export const LARGEST_PACK = 10_000;

export interface Rules {
  paused: boolean;
  factor: Entered;
  /** Empty for its shop's, as the two that follow. */
  share_percent: Entered;
  buffer: Entered;
  cap: Entered;
  /** Empty for none. */
  fixed_quantity: Entered;
}

const NUMBERS = {
  factor: [1, LARGEST_PACK],
  share_percent: [0, 100],
  buffer: [0, MOST_UNITS],
  cap: [0, MOST_UNITS],
  fixed_quantity: [0, MOST_UNITS],
} as const satisfies Partial<Record<keyof Rules, [number, number]>>;

export const NAMES = ["paused", "factor", "share_percent", "buffer", "cap", "fixed_quantity"] as const satisfies (keyof Rules)[];

export function rulesOf({ paused, factor, share_percent, buffer, cap, fixed_quantity }: Listing): Rules {
  return {
    paused,
    factor,
    share_percent: share_percent ?? "",
    buffer: buffer ?? "",
    cap: cap ?? "",
    fixed_quantity: fixed_quantity ?? "",
  };
}

/** Which of the fields could not be saved as they are. */
export function faultsOf(rules: Rules): (keyof typeof NUMBERS)[] {
  return (Object.keys(NUMBERS) as (keyof typeof NUMBERS)[]).filter((name) => {
    const isLeftOut = name !== "factor" && rules[name] === "";
    const [least, most] = NUMBERS[name];
    return !isLeftOut && !isWhole(rules[name], least, most);
  });
}

/** What is saved: only what differs from what is there. */
export function changesOf(rules: Rules, before: Rules): Schemas["ConfigureListingInput"] {
  const now = documentOf(before);
  const wanted = documentOf(rules);
  return Object.fromEntries(NAMES.filter((name) => wanted[name] !== now[name]).map((name) => [name, wanted[name]]));
}

function documentOf({ paused, factor, share_percent, buffer, cap, fixed_quantity }: Rules) {
  return {
    paused,
    factor: Number(factor),
    share_percent: wholeOf(share_percent),
    buffer: wholeOf(buffer),
    cap: wholeOf(cap),
    fixed_quantity: wholeOf(fixed_quantity),
  };
}
