import type { QueryClient, QueryKey } from "@tanstack/react-query";

/** Events come in bunches. */
const GATHER_MS = 150;
/** On a busy day no query is asked more often. */
const APART_MS = 1000;

/** When to fetch what again: soon after an event, however many there are, and once more later. */
export class Looks {
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  readonly #lastAt = new Map<string, number>();

  constructor(private readonly queries: QueryClient) {}

  soon(key: QueryKey): void {
    const name = JSON.stringify(key);
    if (!this.#timers.has(name)) {
      const next = (this.#lastAt.get(name) ?? 0) + APART_MS - Date.now();
      this.#set(name, key, Math.max(GATHER_MS, next));
    }
  }

  /** Counted from the last event. */
  after(key: QueryKey, ms: number): void {
    this.#set(`${JSON.stringify(key)} ${ms}`, key, ms);
  }

  end(): void {
    this.#timers.forEach((timer) => clearTimeout(timer));
    this.#timers.clear();
  }

  #set(name: string, key: QueryKey, ms: number): void {
    clearTimeout(this.#timers.get(name));
    const due = () => {
      this.#timers.delete(name);
      // Asking anew would give up the answer on its way, be it a list's next page.
      if (this.queries.isFetching({ queryKey: key, type: "active" }) > 0) {
        this.soon(key);
        return;
      }
      this.#lastAt.set(name, Date.now());
      void this.queries.invalidateQueries({ queryKey: key });
    };
    this.#timers.set(name, setTimeout(due, ms));
  }
}
