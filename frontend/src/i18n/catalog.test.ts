import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { translate } from "./catalog";
import de from "./de.json";
import en from "./en.json";

const SOURCE = join(import.meta.dirname, "..");
/** Ends of keys that stand for one key with a number. */
const PLURAL = /_(one|other)$/;
/** Words for what the API names: which there are is up to it, and tests/frontend/test_words.py. */
const NAMED_BY_API = /^(problem|attention|reason)\./;

function sources(): string[] {
  return readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.tsx?$/.test(name) && !name.includes(".test.") && !name.endsWith(".d.ts"))
    .map((name) => readFileSync(join(SOURCE, name), "utf8"));
}

/** Keys that stand in the sources as they are, and patterns of those that are put together. */
function asked(): { keys: Set<string>; patterns: RegExp[] } {
  const text = sources().join("\n");
  const keys = new Set([...text.matchAll(/"([a-z]\w*(?:\.\w+)+)"/g)].map((match) => String(match[1])));
  const templates = [...text.matchAll(/`([a-z]\w*\.(?:\w+\.)*\$\{[^`]+)`/g)].map((match) => String(match[1]));
  const patterns = templates.map(
    (each) => new RegExp(`^${each.replace(/[.]/g, "\\.").replace(/\$\{[^}]*\}/g, "\\w+")}$`),
  );
  return { keys, patterns };
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
    const { keys, patterns } = asked();
    const unused = Object.keys(en).filter((key) => {
      const base = key.replace(PLURAL, "");
      return !NAMED_BY_API.test(key) && !keys.has(base) && !patterns.some((pattern) => pattern.test(base));
    });
    expect(unused).toEqual([]);
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
