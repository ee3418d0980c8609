/** Units as they stand in a form: whole, and with nothing silently made whole. */

type Entered = number | string;

/** How many; null where that is not said, or is no whole number. */
export function wholeOf(entered: Entered): number | null {
  return entered !== "" && Number.isInteger(Number(entered)) ? Number(entered) : null;
}

/** Whether there is a part of a unit, which is worth a word; a lone minus is not yet. */
export function isFraction(entered: Entered): boolean {
  return Math.abs(Number(entered)) % 1 > 0;
}
