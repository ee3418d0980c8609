/** Numbers as they are typed. What could be two numbers is none: nothing is guessed. */

import { numberFormat } from "@/i18n/intl";

/** The most units that a rule may name, as the API has it (app/services/publishing.py). */
export const MOST_UNITS = 1_000_000_000;

/** What stands in a form: a number once it is certain, until then the text; empty for none. */
export type Entered = number | string;

/** How many; null where that is not said, or not certain. */
export function wholeOf(entered: Entered): number | null {
  return typeof entered === "number" && Number.isInteger(entered) ? entered : null;
}

export function isWhole(entered: Entered, least: number, most: number): boolean {
  const number = wholeOf(entered);
  return number !== null && number >= least && number <= most;
}

/** Whether something is typed that is no number yet, which is worth a word. */
export function isUncertain(entered: Entered): boolean {
  return typeof entered === "string" && entered !== "";
}

/** The number that `text` is where people write as in `locale`, with at most so many digits behind the separator; null
 *  where it is none, or would be another one elsewhere: 1.250 is no 1.25, and 12.50 in German no 1250. */
export function numberFrom(text: string, locale: string, digits: number): number | null {
  const found = decimalFrom(text, locale, digits);
  return found === null ? null : Number(found) || 0;
}

/** That number as the API takes exact ones: "-1234.50". */
export function decimalFrom(text: string, locale: string, digits: number): string | null {
  const { group, decimal } = separatorsOf(locale);
  const groups = [...new Set([group, " ", "\u00a0", "\u202f", "’", "'"])].filter((each) => each !== decimal);
  const between = `[${groups.map(escaped).join("")}]`;
  const fraction = digits === 0 ? "" : `(?:${escaped(decimal)}(\\d{1,${digits}}))?`;
  const found = new RegExp(`^([-−+]?)(\\d+|[1-9]\\d{0,2}(?:${between}\\d{3})+)${fraction}$`).exec(text.trim());
  if (found === null) {
    return null;
  }
  const [, sign = "", whole = "", part = ""] = found;
  return `${sign === "" || sign === "+" ? "" : "-"}${whole.replace(/\D/g, "")}${part === "" ? "" : `.${part}`}`;
}

/** As it stands in a field: without groups, and with all `digits` of an amount. */
export function written(entered: Entered, locale: string, digits: number): string {
  return typeof entered === "string"
    ? entered
    : numberFormat(locale, { useGrouping: false, minimumFractionDigits: digits, maximumFractionDigits: 10 }).format(entered);
}

/** An exact number of the API as it stands in a field. */
export function writtenExactly(decimal: string, locale: string): string {
  return decimal.replace(".", separatorsOf(locale).decimal);
}

function separatorsOf(locale: string): { group: string; decimal: string } {
  const parts = numberFormat(locale).formatToParts(-1234567.5);
  const named = (type: string, usual: string) => parts.find((part) => part.type === type)?.value ?? usual;
  return { group: named("group", " "), decimal: named("decimal", ".") };
}

function escaped(character: string): string {
  return character.replace(/[\\\]^.-]/g, "\\$&");
}
