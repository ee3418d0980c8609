/** What an address may say, for those who read their filters from it; what makes no sense is left out. */

const LONGEST_TERM = 100;
const DAYS = ["from", "to"];

export function idFrom(raw: unknown): number | undefined {
  const id = Number(raw);
  return Number.isSafeInteger(id) && id > 0 ? id : undefined;
}

export function termFrom(raw: unknown): string {
  return typeof raw === "string" ? raw.slice(0, LONGEST_TERM) : "";
}

export function oneFrom<T extends string>(known: readonly T[], raw: unknown): T | undefined {
  return known.find((each) => each === raw);
}

export function someFrom<T extends string>(known: readonly T[], raw: unknown): T[] {
  const asked = Array.isArray(raw) ? raw : [raw];
  return known.filter((each) => asked.includes(each));
}

export function isYes(raw: unknown): boolean {
  return raw === "true" || raw === true;
}

export function isDay(raw: unknown): raw is string {
  return typeof raw === "string" && /^\d{4}-\d{2}-\d{2}$/.test(raw) && !Number.isNaN(Date.parse(raw));
}

/** Without members that ask for nothing, so that addresses stay short. */
export function withoutNothing<T extends object>(filters: T): T {
  return Object.fromEntries(
    Object.entries(filters).filter(
      ([, value]) =>
        value !== undefined && value !== "" && value !== null && !(Array.isArray(value) && value.length === 0),
    ),
  ) as T;
}

/** Whether filters became others only as somebody types in a search or at a day that there was: that takes the place of
 *  what the address said before. What is chosen is a step of its own, which can be gone back from. */
export function isTyped(before: object, next: object): boolean {
  const [then, now] = [new Map(Object.entries(before)), new Map(Object.entries(next))];
  const changed = [...new Set([...then.keys(), ...now.keys()])].filter(
    (name) => JSON.stringify(then.get(name)) !== JSON.stringify(now.get(name)),
  );
  return changed.every((name) => name === "q" || (DAYS.includes(name) && then.has(name) && now.has(name)));
}
