/** Amounts of money as they stand in a form. */

import { digitsOf } from "@/i18n/format";

import type { Entered } from "./numbers";

/** As the API has it (app/domain/prices.py). */
const HIGHEST_MINOR = 1e12;

/** In whole units of the currency; empty for none. */
export function amountOf(minor: number | null, currency: string): Entered {
  return minor === null ? "" : minor / 10 ** digitsOf(currency);
}

/** What a field takes for an amount. */
export function amountIn(currency: string): { digits: number; min: number; max: number } {
  const digits = digitsOf(currency);
  return { digits, min: 0, max: HIGHEST_MINOR / 10 ** digits };
}

export function minorOf(amount: Entered, currency: string): number {
  return Math.round(Number(amount) * 10 ** digitsOf(currency));
}

/** Whether it is a whole number of the currency's smallest unit, and how many are allowed. */
export function isAmount(amount: Entered, currency: string, least: number): boolean {
  const digits = digitsOf(currency);
  const minor = minorOf(amount, currency);
  return Number(Number(amount).toFixed(digits)) === amount && minor >= least && minor <= HIGHEST_MINOR;
}
