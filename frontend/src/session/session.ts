/** Who is signed in here. The access token lives in memory only; the refresh token in a cookie that no script
 *  can read. All tabs share that cookie, so one refreshes for all. */

import { BASE_URL } from "@/api/base";
import { ApiProblem, problemFrom, unreachable } from "@/api/problem";

export interface TokenDocument {
  access_token: string;
  expires_in: number;
  account_id: number;
}

interface Token {
  value: string;
  accountId: number;
  /** By this machine's clock. */
  until: number;
}

/** `unknown`: nobody has asked the cookie yet. `ended`: it was over without anybody signing out here. */
export type Status = "unknown" | "in" | "out" | "ended";

type Message = { kind: "token"; token: Token } | { kind: "out"; status: "out" | "ended" };

/** Says that there may be a cookie, so that strangers are not asked for one. It is no secret. */
const HINT = "syncflow.signed-in";
const LOCK = "syncflow.refresh";
const EARLY_MS = 30_000;
/** How long a message of another tab may take. */
const HAND_OVER_MS = 50;

export class Session {
  #token: Token | null = null;
  #endedAccount: number | null = null;
  #status: Status = "unknown";
  #refreshing: Promise<Token> | null = null;
  readonly #watchers = new Set<() => void>();
  readonly #channel = new BroadcastChannel("syncflow.session");

  constructor() {
    this.#channel.onmessage = ({ data }: MessageEvent<Message>) => this.#hear(data);
  }

  get status(): Status {
    return this.#status;
  }

  /** Of the session that is there, or of the one that has ended under a page that is still open. */
  get accountId(): number | null {
    return this.#token?.accountId ?? this.#endedAccount;
  }

  watch = (watcher: () => void): (() => void) => {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  };

  /** After signing in, or switching accounts. */
  begin(document: TokenDocument): void {
    this.#take({
      value: document.access_token,
      accountId: document.account_id,
      until: Date.now() + document.expires_in * 1000,
    });
  }

  /** Whether somebody is signed in; asks the cookie the first time. Throws an ApiProblem if that fails. */
  async restore(): Promise<boolean> {
    if (this.#status === "unknown") {
      if (localStorage.getItem(HINT) === null) {
        this.#become("out");
      } else {
        await this.#refresh().catch((problem: ApiProblem) => {
          if (problem.status !== 401) {
            throw problem;
          }
        });
      }
    }
    return this.#status === "in";
  }

  /** A token that lasts for this call; null for a stranger. */
  async token(): Promise<string | null> {
    if (this.#token === null) {
      return null;
    }
    return this.#token.until - Date.now() > EARLY_MS ? this.#token.value : (await this.#refresh()).value;
  }

  /** Another token than one that was refused. Not for whoever is out: the cookie may be somebody else's by now. */
  async renew(refused: string): Promise<string> {
    if (this.#token === null) {
      throw new ApiProblem("not_signed_in", 401);
    }
    if (this.#token.value !== refused) {
      return this.#token.value;
    }
    return (await this.#refresh()).value;
  }

  /** End the session, here and in all tabs. Throws an ApiProblem, and leaves all as it is, if nobody answers. */
  async signOut(): Promise<void> {
    const token = await this.token();
    const answer = await post("/api/v1/auth/logout", { Authorization: `Bearer ${token}` });
    if (!answer.ok && answer.status !== 401) {
      throw await problemFrom(answer);
    }
    this.#leave("out");
  }

  #refresh(): Promise<Token> {
    this.#refreshing ??= this.#refreshOnce().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  async #refreshOnce(): Promise<Token> {
    const old = this.#token;
    const asked = performance.now();
    return await alone(async () => {
      if (performance.now() - asked > 1) {
        await new Promise((resolve) => setTimeout(resolve, HAND_OVER_MS));
      }
      if (this.#token !== null && this.#token !== old) {
        return this.#token;
      }
      const body = { account_id: old?.accountId ?? null };
      const answer = await post("/api/v1/auth/refresh", { "X-CSRF-Protection": "1" }, body);
      // Signed out meanwhile, or in anew: neither is undone by an answer that comes late.
      const isLate = () => this.#token?.value !== old?.value;
      if (!answer.ok) {
        const problem = await problemFrom(answer);
        if (answer.status === 401 && !isLate()) {
          this.#leave("ended");
        } else if (answer.status === 404 && !isLate()) {
          // No member of the account that this tab acts for. Other tabs may be at another one.
          this.#end("out");
        }
        throw problem;
      }
      const renewed = (await answer.json()) as TokenDocument;
      if (isLate()) {
        if (this.#token === null) {
          throw new ApiProblem("not_signed_in", 401);
        }
        return this.#token;
      }
      this.begin(renewed);
      return this.#token as unknown as Token;
    });
  }

  #take(token: Token): void {
    this.#token = token;
    this.#endedAccount = null;
    localStorage.setItem(HINT, "1");
    this.#tell({ kind: "token", token });
    this.#become("in");
  }

  #leave(status: "out" | "ended"): void {
    localStorage.removeItem(HINT);
    this.#tell({ kind: "out", status });
    this.#end(status);
  }

  #end(status: "out" | "ended"): void {
    this.#endedAccount = status === "ended" ? this.accountId : null;
    this.#token = null;
    this.#become(status);
  }

  #hear(message: Message): void {
    if (message.kind === "out") {
      if (this.#status === "in") {
        this.#end(message.status);
      }
    } else if (this.#status === "in" && this.#token?.accountId === message.token.accountId) {
      this.#token = message.token;
    }
  }

  #tell(message: Message): void {
    this.#channel.postMessage(message);
  }

  #become(status: Status): void {
    this.#status = status;
    for (const watcher of this.#watchers) {
      watcher();
    }
  }
}

/** While no other tab does the same. */
async function alone<T>(work: () => Promise<T>): Promise<T> {
  return "locks" in navigator ? await navigator.locks.request(LOCK, work) : await work();
}

async function post(path: string, headers: Record<string, string>, body?: object): Promise<Response> {
  try {
    return await fetch(`${BASE_URL}${path}`, {
      method: "POST",
      credentials: "include",
      headers: body ? { "Content-Type": "application/json", ...headers } : headers,
      body: body ? JSON.stringify(body) : null,
    });
  } catch {
    throw unreachable();
  }
}

export const session = new Session();
