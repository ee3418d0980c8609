/** What an address may say, for those who read their filters from it; what makes no sense is left out. */

const LONGEST_TERM = 100;

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

/** Where a day begins by the browser's clock, as the API takes it. */
export function startOf(day: string, daysLater: number): string {
  const [year, month, date] = day.split("-").map(Number) as [number, number, number];
  return new Date(year, month - 1, date + daysLater).toISOString();
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
