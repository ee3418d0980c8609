import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { describe, expect, it } from "vitest";

import { loadAll, loadFirst, translate, withWords } from "./catalog";
import de from "./de.json";
import en from "./en.json";
import { isFirst } from "./first";

const SOURCE = join(import.meta.dirname, "..");
/** Ends of keys that stand for one key with a number. */
const PLURAL = /_(one|other)$/;
/** Words for what the API names: which there are is up to it, and tests/frontend/test_words.py. */
const NAMED_BY_API = /^(problem|attention|reason)\./;
/** The same, of actions, whose names have a dot. */
const OF_ACTIONS = /^audit\.does\./;

/** Where the script of the first load begins (OVERVIEW in tests/frontend/test_app.py). */
const FIRST_FILES = ["main.tsx", "app/Shell.tsx", "app/OverviewScreen.tsx"].map((name) => join(SOURCE, name));

function sources(): string[] {
  return readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.tsx?$/.test(name) && !name.includes(".test.") && !name.endsWith(".d.ts"))
    .map((name) => readFileSync(join(SOURCE, name), "utf8"));
}

/** Texts of what is loaded at first: those files, and all that they import without waiting. */
function firstSources(): string[] {
  const found = new Map<string, string>();
  const visit = (file: string) => {
    if (!found.has(file)) {
      const text = readFileSync(file, "utf8");
      found.set(file, text);
      for (const [, name = ""] of text.matchAll(/^(?:import|export) (?!type )[^;]*?from "([@.]\/[^"]+)"/gm)) {
        const path = name.startsWith("@/") ? join(SOURCE, name.slice(2)) : join(dirname(file), name);
        [".ts", ".tsx"].map((end) => path + end).filter(existsSync).forEach(visit);
      }
    }
  };
  FIRST_FILES.forEach(visit);
  return [...found.values()];
}

/** Keys that stand in the sources as they are, and patterns of those that are put together. */
function asked(texts: string[]): (key: string) => boolean {
  const text = texts.join("\n");
  const keys = new Set([...text.matchAll(/"([a-z]\w*(?:\.\w+)+)"/g)].map((match) => String(match[1])));
  const templates = [...text.matchAll(/`([a-z]\w*\.(?:\w+\.)*\$\{[^`]+)`/g)].map((match) => String(match[1]));
  const patterns = templates.map(
    (each) => new RegExp(`^${each.replace(/[.]/g, "\\.").replace(/\$\{[^}]*\}/g, "\\w+")}$`),
  );
  return (key) => {
    const base = key.replace(PLURAL, "");
    return keys.has(base) || patterns.some((pattern) => pattern.test(base));
  };
}

describe("the catalog", () => {
  it("has the same keys in every language", () => {
    expect(Object.keys(de)).toEqual(Object.keys(en));
    expect(Object.keys(en)).toEqual(Object.keys(en).toSorted());
  });

  it("has words for every key, and the same gaps in them", () => {
    const gaps = (words: string) => [...words.matchAll(/\{\w+\}/g)].map(String).toSorted();
    for (const [key, words] of Object.entries(en)) {
      const german = de[key as keyof typeof de];
      expect(words.trim(), key).not.toBe("");
      expect(german.trim(), key).not.toBe("");
      expect(gaps(german), key).toEqual(gaps(words));
    }
  });

  it("has every form of a word that depends on a number", () => {
    for (const key of Object.keys(en).filter((each) => PLURAL.test(each))) {
      const base = key.replace(PLURAL, "");
      expect(en, key).toHaveProperty([`${base}_one`]);
      expect(en, key).toHaveProperty([`${base}_other`]);
    }
  });

  it("has no key that nothing asks for", () => {
    const isAsked = asked(sources());
    const ours = Object.keys(en).filter((key) => !NAMED_BY_API.test(key) && !OF_ACTIONS.test(key));
    expect(ours.filter((key) => !isAsked(key))).toEqual([]);
  });

  it("has every key that is asked for", () => {
    // Those that stand in a call; tsc sees to the others.
    const there = new Set(Object.keys(en).map((key) => key.replace(PLURAL, "")));
    const called = [...sources().join("\n").matchAll(/\bt\(\s*"([^"]+)"/g)].map((match) => String(match[1]));
    expect(called.length).toBeGreaterThan(100);
    expect(called.filter((key) => !there.has(key))).toEqual([]);
  });

  it("says one and many apart, and writes numbers as the language does", () => {
    expect(translate(en, "en", "totals.orders", { count: 1 })).toBe("1 order");
    expect(translate(en, "en", "totals.orders", { count: 1234 })).toBe("1,234 orders");
    expect(translate(de, "de", "totals.orders", { count: 1234 })).toBe("1.234 Bestellungen");
  });

  it("puts text in as it is", () => {
    expect(translate(en, "en", "order.title", { number: "{x} $&" })).toBe("Order {x} $&");
  });
});

describe("the words of the first screens", () => {
  it("are all that what is loaded at first asks for", () => {
    const texts = firstSources();
    expect(texts.length).toBeGreaterThan(50);
    const isAsked = asked(texts);
    const needed = Object.keys(en).filter((key) => NAMED_BY_API.test(key) || isAsked(key));
    expect(needed.filter((key) => !isFirst(key))).toEqual([]);
  });

  it("are joined by the others before anything else is shown", async () => {
    const waiting = /\bimport\((?!"(?:@\/app\/vitals|\.\/\w+\.json\?\w+)")/g;
    const later = firstSources().flatMap((text) => [...text.matchAll(waiting)].map(({ index }) => text.slice(0, index)));
    expect(later.length).toBeGreaterThan(30);
    const without = later.filter((before) => !/withWords\($/.test(before));
    expect(without.map((before) => before.split("\n").at(-1))).toEqual([
      // The first screens themselves.
      expect.stringContaining("lazyRouteComponent(() => "),
      expect.stringContaining("lazyRouteComponent(() => "),
    ]);
  });

  it("and the others are the whole catalog", async () => {
    const catalog = await loadFirst("de");
    expect(catalog["shell.signOut"]).toBe(de["shell.signOut"]);
    expect(catalog).not.toHaveProperty(["bulk.adjust"]);
    expect(await withWords(Promise.resolve("a screen"))).toBe("a screen");
    expect(catalog).toEqual(de);
    expect(await loadAll("en")).toEqual(en);
  });
});
