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

type Loader = () => Promise<{ default: Record<string, string> }>;

const FIRST: Record<Language, Loader> = {
  en: () => import("./en.json?first"),
  de: () => import("./de.json?first"),
};
const REST: Record<Language, Loader> = {
  en: () => import("./en.json?rest"),
  de: () => import("./de.json?rest"),
};
/** What is spoken here, as far as it is loaded. */
const loaded: Partial<Record<Language, Catalog>> = {};
const KEPT = "syncflow.language";

/** The words of the first screens (first.ts). The others are put into it once they come. */
export async function loadFirst(language: Language): Promise<Catalog> {
  const { default: words } = await FIRST[language]();
  return (loaded[language] ??= { ...words } as Catalog);
}

export async function loadAll(language: Language): Promise<Catalog> {
  const [catalog, { default: words }] = await Promise.all([loadFirst(language), REST[language]()]);
  return Object.assign(catalog, words);
}

/** Nobody answers who is asked for a part of the app, or a newer build has taken the place of the one that this page is
 *  of, whose parts are gone. */
export class PartMissing extends Error {}

/** A part of the app, once all its words are there too. */
export async function withWords<Part>(coming: Promise<Part>): Promise<Part> {
  const all = Promise.all([coming, ...(Object.keys(loaded) as Language[]).map(loadAll)]);
  const [part] = await all.catch((cause: unknown) => {
    throw new PartMissing("", { cause });
  });
  return part;
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
