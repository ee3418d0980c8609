import { http, HttpResponse } from "msw";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { ApiProblem } from "@/api/problem";
import { answers, refuses, server } from "@/test/server";

import { Session } from "./session";

const MINUTE = 60_000;
let refreshes: { body: unknown; csrf: string | null }[] = [];

function refreshing(accountId = 7) {
  refreshes = [];
  server.use(
    http.post("*/api/v1/auth/refresh", async ({ request }) => {
      refreshes.push({ body: await request.json(), csrf: request.headers.get("X-CSRF-Protection") });
      return HttpResponse.json({
        access_token: `token ${refreshes.length}`,
        expires_in: 900,
        account_id: accountId,
      });
    }),
  );
}

function token(value: string, account_id = 7) {
  return { access_token: value, expires_in: 900, account_id };
}

/** One after the other, as the browser's locks do it over all tabs. */
function lockedTabs() {
  let last: Promise<unknown> = Promise.resolve();
  const request = (_name: string, work: () => Promise<unknown>) => {
    const mine = last.then(work, work);
    last = mine.catch(() => undefined);
    return mine;
  };
  vi.stubGlobal("navigator", { ...navigator, locks: { request } });
}

beforeEach(() => refreshing());
afterEach(() => vi.unstubAllGlobals());

describe("a session", () => {
  it("asks no cookie of a stranger", async () => {
    const session = new Session();
    expect(await session.restore()).toBe(false);
    expect(refreshes).toEqual([]);
    expect(await session.token()).toBeNull();
  });

  it("is taken up from the cookie, with what the API asks for", async () => {
    new Session().begin(token("before"));
    const session = new Session();
    expect(await session.restore()).toBe(true);
    expect(await session.token()).toBe("token 1");
    expect(refreshes).toEqual([{ body: { account_id: null }, csrf: "1" }]);
  });

  it("leaves nothing in storage but that there is one", async () => {
    const session = new Session();
    session.begin(token("very secret"));
    const kept = JSON.stringify({ ...localStorage }) + JSON.stringify({ ...sessionStorage }) + document.cookie;
    expect(kept).not.toContain("secret");
    server.use(answers("post", "/auth/logout", null));
    await session.signOut();
    expect(localStorage.length).toBe(0);
  });

  it("refreshes once for many calls, shortly before the token is over, for the same account", async () => {
    const session = new Session();
    session.begin(token("old", 9));
    vi.spyOn(Date, "now").mockReturnValue(Date.now() + 14.8 * MINUTE);
    const tokens = await Promise.all([session.token(), session.token(), session.renew("old")]);
    expect(tokens).toEqual(["token 1", "token 1", "token 1"]);
    expect(refreshes.map(({ body }) => body)).toEqual([{ account_id: 9 }]);
  });

  it("hands out the newer token to a call whose own was refused", async () => {
    const session = new Session();
    session.begin(token("new"));
    expect(await session.renew("old")).toBe("new");
    expect(refreshes).toEqual([]);
  });

  it("refreshes once over all tabs of an account", async () => {
    lockedTabs();
    const [one, two] = [new Session(), new Session()];
    one.begin(token("old"));
    two.begin(token("old"));
    const tokens = await Promise.all([one.renew("old"), two.renew("old")]);
    expect(tokens).toEqual(["token 1", "token 1"]);
    expect(refreshes.length).toBe(1);
  });

  it("keeps to its account where another tab acts for another one", async () => {
    lockedTabs();
    const [one, two] = [new Session(), new Session()];
    one.begin(token("one's", 1));
    two.begin(token("two's", 2));
    await Promise.all([one.renew("one's"), two.renew("two's")]);
    expect(refreshes.map(({ body }) => body)).toEqual([{ account_id: 1 }, { account_id: 2 }]);
  });

  it.each([
    ["another account was chosen", (session: Session) => session.begin(token("other's", 9)), "other's", 9],
    ["it was ended in another tab", () => new Session().signOut().catch(() => undefined), null, null],
  ])("is not brought back by a late answer after %s", async (_when, meanwhile, value, account) => {
    let answer = (): void => undefined;
    const answering = new Promise<void>((resolve) => (answer = resolve));
    server.use(
      answers("post", "/auth/logout", null),
      http.post("*/api/v1/auth/refresh", async () => {
        await answering;
        return HttpResponse.json(token("late"));
      }),
    );
    const session = new Session();
    session.begin(token("old"));
    const renewed = session.renew("old").catch(() => null);
    await meanwhile(session);
    await vi.waitFor(() => expect(session.accountId).toBe(account));
    answer();
    expect(await renewed).toBe(value);
    expect(session.accountId).toBe(account);
  });

  it("is over where the cookie is", async () => {
    server.use(refuses("post", "/auth/refresh", 401, "invalid_refresh_token"));
    const session = new Session();
    session.begin(token("old"));
    await expect(session.renew("old")).rejects.toMatchObject({ code: "invalid_refresh_token" });
    expect([session.status, session.accountId]).toEqual(["ended", 7]);
    expect(await session.token()).toBeNull();
    expect(localStorage.length).toBe(0);
  });

  it("is over in the tabs of an account that one is no member of any more, and goes on in the others", async () => {
    server.use(refuses("post", "/auth/refresh", 404, "not_found"));
    const [one, two] = [new Session(), new Session()];
    one.begin(token("a"));
    two.begin(token("b", 9));
    await expect(one.renew("a")).rejects.toMatchObject({ code: "not_found" });
    expect([one.status, two.status]).toEqual(["out", "in"]);
    refreshing(9);
    expect(await new Session().restore()).toBe(true);
  });

  it("is not ended by the refusal of the one before, which comes late", async () => {
    let answer = (): void => undefined;
    const answering = new Promise<void>((resolve) => (answer = resolve));
    server.use(
      http.post("*/api/v1/auth/refresh", async () => {
        await answering;
        return HttpResponse.json({ code: "invalid_refresh_token" }, { status: 401 });
      }),
    );
    const session = new Session();
    session.begin(token("old"));
    const renewed = session.renew("old").catch(() => null);
    session.begin(token("new", 9));
    answer();
    await renewed;
    expect([session.status, session.accountId]).toEqual(["in", 9]);
  });

  it("is not somebody else's for a call that comes late", async () => {
    server.use(refuses("post", "/auth/refresh", 401, "invalid_refresh_token"));
    const session = new Session();
    session.begin(token("old"));
    await session.renew("old").catch(() => undefined);
    server.use(answers("post", "/auth/refresh", token("of the next user", 9)));
    await expect(session.renew("old")).rejects.toMatchObject({ code: "not_signed_in" });
    expect([session.status, session.accountId]).toEqual(["ended", 7]);
  });

  it("is over in all tabs where it was not ended by anybody, and each asks by itself who goes on", async () => {
    server.use(refuses("post", "/auth/refresh", 401, "invalid_refresh_token"));
    const [one, two] = [new Session(), new Session()];
    one.begin(token("a"));
    two.begin(token("b"));
    await one.renew("a").catch(() => undefined);
    await vi.waitFor(() => expect(two.status).toBe("ended"));
    one.begin(token("c"));
    await one.token();
    expect(two.status).toBe("ended");
  });

  it("lasts where nobody answers", async () => {
    server.use(http.post("*/api/v1/auth/refresh", () => HttpResponse.error()));
    const session = new Session();
    session.begin(token("old"));
    await expect(session.renew("old")).rejects.toBeInstanceOf(ApiProblem);
    expect(session.status).toBe("in");
  });

  it("ends in all tabs at once", async () => {
    server.use(answers("post", "/auth/logout", null));
    const [one, two] = [new Session(), new Session()];
    one.begin(token("a"));
    two.begin(token("b"));
    const told = vi.fn();
    two.watch(told);
    await one.signOut();
    await vi.waitFor(() => expect(two.status).toBe("out"));
    expect(told).toHaveBeenCalled();
  });

  it("is not said to be over where signing out did not reach the API", async () => {
    server.use(http.post("*/api/v1/auth/logout", () => HttpResponse.error()));
    const session = new Session();
    session.begin(token("a"));
    await expect(session.signOut()).rejects.toMatchObject({ code: "unreachable" });
    expect(session.status).toBe("in");
  });
});
