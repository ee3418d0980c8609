/** The browser's formatters. Making one takes a hundred times as long as using it, and a table uses thousands. */

const numbers = new Map<string, Intl.NumberFormat>();
const moments = new Map<string, Intl.DateTimeFormat>();
const plurals = new Map<string, Intl.PluralRules>();
const spans = new Map<string, Intl.RelativeTimeFormat>();

export function numberFormat(locale: string, options: Intl.NumberFormatOptions = {}): Intl.NumberFormat {
  return once(numbers, `${locale} ${JSON.stringify(options)}`, () => new Intl.NumberFormat(locale, options));
}

export function dateTimeFormat(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  return once(moments, `${locale} ${JSON.stringify(options)}`, () => new Intl.DateTimeFormat(locale, options));
}

export function pluralRules(locale: string): Intl.PluralRules {
  return once(plurals, locale, () => new Intl.PluralRules(locale));
}

export function relativeTimeFormat(locale: string): Intl.RelativeTimeFormat {
  return once(spans, locale, () => new Intl.RelativeTimeFormat(locale, { numeric: "auto" }));
}

function once<Made>(made: Map<string, Made>, key: string, make: () => Made): Made {
  let found = made.get(key);
  if (found === undefined) {
    found = make();
    made.set(key, found);
  }
  return found;
}
