/** A shop's price rule, as it stands in a form. */

import type { Schemas } from "@/api/client";
import type { Key } from "@/i18n/catalog";
import { digitsOf } from "@/i18n/format";
import { amountOf, isAmount, minorOf } from "@/ui/amounts";
import { type Entered, isWhole } from "@/ui/numbers";

export type PriceRule = Schemas["PriceRule"];
type Document = Omit<Required<Schemas["SetRuleInput"]>, "enabled">;

/** As the API has them (app/domain/prices.py, app/services/prices/rules.py, app/api/schemas/prices.py). */
export const FACTOR = { digits: 6, min: 0, max: 1000 } as const;
export const RATE = { digits: 10, min: 0, max: 1_000_000 } as const;
export const MOST_RATES = 200;
export const BRAKE = { min: 1, max: 100 } as const;
export const LARGE = { min: 1, max: 1000 } as const;
export const DIRECTIONS = ["nearest", "up"] as const;

interface Rate {
  currency: string;
  rate: Entered;
}

export interface PriceFields {
  factor: Entered;
  rates: Rate[];
  rounding: PriceRule["rounding"];
  /** The step or the ending, in whole units of the shop's currency; empty where there is neither. */
  amount: Entered;
  direction: PriceRule["direction"];
  brake_percent: Entered;
  brake_change_percent: Entered;
}

/** The API's name of each field. */
export const NAMES = {
  factor: "factor",
  rates: "rates",
  rounding: "rounding",
  amount: "rounding_minor",
  direction: "direction",
  brake_percent: "brake_percent",
  brake_change_percent: "brake_change_percent",
} as const satisfies Record<keyof PriceFields, keyof Document>;

/** A price of a currency without cents has no ending. */
export function roundingsOf(currency: string): PriceRule["rounding"][] {
  return digitsOf(currency) === 0 ? ["unit", "step"] : ["unit", "step", "ending"];
}

export function fieldsOf(rule: PriceRule): PriceFields {
  const { factor, rates, rounding, rounding_minor, direction, brake_percent, brake_change_percent } = rule;
  return {
    factor: Number(factor),
    rates: ratesOf(rates),
    rounding,
    amount: rounding === "unit" ? "" : amountOf(rounding_minor, rule.currency),
    direction,
    brake_percent,
    brake_change_percent,
  };
}

export function ratesOf(rates: PriceRule["rates"]): Rate[] {
  return Object.entries(rates).map(([currency, rate]) => ({ currency, rate: Number(rate) }));
}

/** What is wrong with which field, by its path in the form. */
export function faultsOf(fields: PriceFields, currency: string): Record<string, Key> {
  const faults: Record<string, Key> = {};
  const need = (name: string, fits: boolean, fault: Key) => {
    if (!fits) {
      faults[name] = fault;
    }
  };
  need("factor", isAboveZero(fields.factor, FACTOR.max), "prices.factor.wrong");
  const codes = fields.rates.map((each) => each.currency);
  fields.rates.forEach((each, index) => {
    const isNew = each.currency !== currency && codes.indexOf(each.currency) === index;
    need(`rates.${index}.currency`, /^[A-Z]{3}$/.test(each.currency) && isNew, "prices.rate.currency.wrong");
    need(`rates.${index}.rate`, isAboveZero(each.rate, RATE.max), "prices.rate.wrong");
  });
  if (fields.rounding === "step") {
    need("amount", isAmount(fields.amount, currency, 1), "variant.amount.wrong");
  }
  if (fields.rounding === "ending") {
    need("amount", isAmount(fields.amount, currency, 0) && Number(fields.amount) < 1, "prices.ending.wrong");
  }
  need("brake_percent", isWhole(fields.brake_percent, BRAKE.min, BRAKE.max), "rules.wrong");
  need("brake_change_percent", isWhole(fields.brake_change_percent, LARGE.min, LARGE.max), "rules.wrong");
  return faults;
}

export function documentOf(fields: PriceFields, currency: string): Document {
  return {
    factor: plain(fields.factor, FACTOR.digits),
    rates: Object.fromEntries(fields.rates.map((each) => [each.currency, plain(each.rate, RATE.digits)])),
    rounding: fields.rounding,
    rounding_minor: fields.rounding === "unit" ? 0 : minorOf(fields.amount, currency),
    direction: fields.direction,
    brake_percent: Number(fields.brake_percent),
    brake_change_percent: Number(fields.brake_change_percent),
  };
}

/** 1.1 -> "1.1" and never 1e-7, which the API takes for no decimal. */
function plain(entered: Entered, digits: number): string {
  return Number(entered).toFixed(digits).replace(/\.?0+$/, "");
}

function isAboveZero(entered: Entered, most: number): boolean {
  return typeof entered === "number" && entered > 0 && entered <= most;
}
