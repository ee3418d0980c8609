/** What a merchant sets for a shop, as it stands in a form. */

import type { Schemas } from "@/api/client";
import { type Entered, isWhole, MOST_UNITS } from "@/ui/numbers";

import type { Connection } from "./rows";

export const POLICIES = ["merge", "syncflow_wins", "last_write_wins", "review"] as const;

/** As the API has it (app/services/publishing.py). */
export const LONGEST_NAME = 200;

export interface Rules {
  name: string;
  drift_policy: (typeof POLICIES)[number];
  share_percent: Entered;
  buffer: Entered;
  /** Empty for no limit. */
  cap: Entered;
  brake_percent: Entered;
}

export function rulesOf(connection: Connection): Rules {
  const { name, drift_policy, share_percent, buffer, cap, brake_percent } = connection;
  return { name, drift_policy, share_percent, buffer, cap: cap ?? "", brake_percent };
}

/** Which of the fields could not be saved as they are. */
export function faultsOf(rules: Rules): Partial<Record<keyof Rules, true>> {
  const fits = {
    name: rules.name.trim() !== "" && rules.name.length <= LONGEST_NAME,
    share_percent: isWhole(rules.share_percent, 0, 100),
    buffer: isWhole(rules.buffer, 0, MOST_UNITS),
    cap: rules.cap === "" || isWhole(rules.cap, 0, MOST_UNITS),
    brake_percent: isWhole(rules.brake_percent, 1, 100),
  };
  return Object.fromEntries(Object.entries(fits).flatMap(([name, well]) => (well ? [] : [[name, true]])));
}

/** What is saved: only what differs from what is there. */
export function changesOf(rules: Rules, connection: Connection): Schemas["ConfigureInput"] {
  const now: Record<string, unknown> = documentOf(rulesOf(connection));
  return Object.fromEntries(Object.entries(documentOf(rules)).filter(([name, value]) => now[name] !== value));
}

/** What says how much of what there is the shop shows. */
export function publishedBy(rules: Rules): { share_percent: number; buffer: number; cap: number | null } {
  return {
    share_percent: Number(rules.share_percent),
    buffer: Number(rules.buffer),
    cap: rules.cap === "" ? null : Number(rules.cap),
  };
}

function documentOf(rules: Rules) {
  const { name, drift_policy, brake_percent } = rules;
  return { name: name.trim(), drift_policy, brake_percent: Number(brake_percent), ...publishedBy(rules) };
}
