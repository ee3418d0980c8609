/** Numbers, money and moments as the user writes them. */

import { useMemo } from "react";

import { dateTimeFormat, numberFormat, relativeTimeFormat } from "./intl";
import { useWords } from "./words";

/** ISO 4217 exponents that are not 2, as the API has them (app/domain/money.py). */
const NO_DIGITS = new Set(
  "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(" "),
);
const THREE_DIGITS = new Set("BHD IQD JOD KWD LYD OMR TND".split(" "));

const UNITS = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
] as const;

export function digitsOf(currency: string): number {
  return NO_DIGITS.has(currency) ? 0 : THREE_DIGITS.has(currency) ? 3 : 2;
}

export interface Format {
  money: (minor: number, currency: string) => string;
  number: (value: number, options?: Intl.NumberFormatOptions) => string;
  /** A moment, in the time zone of the browser unless another one is named. */
  moment: (at: string | Date, options?: Intl.DateTimeFormatOptions) => string;
  /** How long ago, in the largest unit that fits: "3 minutes ago". What is no more than clocks differ by is "now", not
   *  to come: `now` may be as old as `useNow` is, and the server's clock is another one. */
  ago: (at: string | Date, now?: number) => string;
}

/** Moments so little ahead were just now (`useNow` lags by half of it). */
const CLOCKS_DIFFER_BY_SECONDS = 60;
const MOMENT = { dateStyle: "medium", timeStyle: "short" } as const;

export function formatFor(locale: string): Format {
  const plain = numberFormat(locale);
  return {
    money(minor, currency) {
      const digits = digitsOf(currency);
      const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
      try {
        return numberFormat(locale, { style: "currency", currency, ...options }).format(minor / 10 ** digits);
      } catch {
        return `${numberFormat(locale, options).format(minor / 10 ** digits)} ${currency}`;
      }
    },
    number: (value, options) => (options === undefined ? plain : numberFormat(locale, options)).format(value),
    moment: (at, options = MOMENT) => dateTimeFormat(locale, options).format(new Date(at)),
    ago(at, now = Date.now()) {
      const ahead = Math.round((new Date(at).getTime() - now) / 1000);
      const seconds = ahead > 0 && ahead <= CLOCKS_DIFFER_BY_SECONDS ? 0 : ahead;
      const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1];
      return relativeTimeFormat(locale).format(Math.trunc(seconds / size), unit);
    },
  };
}

export function useFormat(): Format {
  const { locale } = useWords();
  return useMemo(() => formatFor(locale), [locale]);
}
