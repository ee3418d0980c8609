/** The words of the app: one file for each language, the same keys in all (catalog.test.ts). */

import type en from "./en.json";
import { numberFormat, pluralRules } from "./intl";

export type CatalogKey = keyof typeof en;

/** Words that depend on a number are `key_one` and `key_other`, and asked for as `key`. */
export type Key = CatalogKey extends infer K
  ? K extends `${infer Base}_one` | `${infer Base}_other`
    ? Base
    : K
  : never;

export type Catalog = Record<CatalogKey, string>;
export type Values = Record<string, string | number>;

export const LANGUAGES = { en: "English", de: "Deutsch" } as const;
export type Language = keyof typeof LANGUAGES;

const LOADERS: Record<Language, () => Promise<{ default: Catalog }>> = {
  en: () => import("./en.json"),
  de: () => import("./de.json"),
};
const KEPT = "syncflow.language";

export async function loadCatalog(language: Language): Promise<Catalog> {
  return (await LOADERS[language]()).default;
}

/** What was chosen here before, else the first of the browser's languages that there is. */
export function preferredLanguage(): Language {
  const asked = [localStorage.getItem(KEPT) ?? "", ...navigator.languages];
  return asked.map((each) => each.slice(0, 2)).find(isLanguage) ?? "en";
}

export function keepLanguage(language: Language): void {
  localStorage.setItem(KEPT, language);
}

/** Where the browser's own locale is of this language it says how numbers and dates look (de-AT, en-GB). */
export function localeOf(language: Language): string {
  return navigator.languages.find((each) => each.startsWith(language)) ?? language;
}

export function translate(catalog: Catalog, language: Language, key: string, values: Values = {}): string {
  const words = catalog as Record<string, string>;
  const count = values["count"];
  const plural =
    typeof count === "number" ? words[`${key}_${pluralRules(language).select(count)}`] : undefined;
  const found = plural ?? words[`${key}_other`] ?? words[key] ?? key;
  return found.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    if (typeof value === "number") {
      return numberFormat(localeOf(language)).format(value);
    }
    return value ?? whole;
  });
}

function isLanguage(word: string): word is Language {
  return word in LANGUAGES;
}
