import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";

import { session } from "@/session/session";
import { answers, refuses, server } from "@/test/server";

import { client, publicClient } from "./client";
import { problemOf } from "./problem";

function begin(value: string) {
  session.begin({ access_token: value, expires_in: 900, account_id: 7 });
}

describe("a call", () => {
  it("is made once more with a new token, body and all, where the old one was over", async () => {
    begin("old");
    const seen: string[] = [];
    server.use(
      answers("post", "/auth/refresh", { access_token: "new", expires_in: 900, account_id: 7 }),
      http.post("*/api/v1/locations", async ({ request }) => {
        const sent = request.headers.get("Authorization") ?? "";
        seen.push(`${sent} ${await request.text()}`);
        return sent === "Bearer new"
          ? HttpResponse.json({ id: 1, name: "Back room" }, { status: 201 })
          : HttpResponse.json({ status: 401, code: "not_signed_in", detail: "" }, { status: 401 });
      }),
    );
    const { data } = await client.POST("/api/v1/locations", { body: { name: "Back room" } });
    expect(data?.name).toBe("Back room");
    expect(seen).toEqual(['Bearer old {"name":"Back room"}', 'Bearer new {"name":"Back room"}']);
  });

  it("is not made again for other reasons", async () => {
    begin("good");
    server.use(refuses("get", "/me", 401, "of_another_kind"));
    await expect(client.GET("/api/v1/me")).rejects.toMatchObject({ code: "of_another_kind", status: 401 });
  });

  it("is not made for a stranger, but to the doors", async () => {
    server.use(
      refuses("post", "/auth/refresh", 401, "invalid_refresh_token"),
      http.post("*/api/v1/auth/login", ({ request }) => HttpResponse.json({ sent: [...request.headers.keys()] })),
    );
    begin("over");
    await session.renew("over").catch(() => undefined);
    await expect(client.GET("/api/v1/me")).rejects.toMatchObject({ code: "not_signed_in" });
    const { data } = await publicClient.POST("/api/v1/auth/login", { body: { email: "a", password: "b" } });
    expect(data).toMatchObject({ sent: expect.not.arrayContaining(["authorization"]) });
  });

  it.each([client, publicClient])("asks for the language that is read here", async (by) => {
    begin("good");
    const seen: (string | null)[] = [];
    server.use(
      http.get("*/api/v1/me", ({ request }) => {
        seen.push(request.headers.get("Accept-Language"));
        return HttpResponse.json({});
      }),
    );
    for (const language of ["de", "en"]) {
      document.documentElement.lang = language;
      await by.GET("/api/v1/me");
    }
    expect(seen).toEqual(["de", "en"]);
  });

  it("tells what was wrong, when to come back, and what support finds it by", async () => {
    begin("good");
    server.use(
      refuses("get", "/me", 429, "too_many_requests", { "Retry-After": "90", "X-Request-ID": "abc" }),
    );
    const problem = await client.GET("/api/v1/me").catch(problemOf);
    expect(problem).toMatchObject({ code: "too_many_requests", retryAfter: 90, requestId: "abc", passes: true });
  });

  it.each([
    ["nobody answers", () => HttpResponse.error(), "unreachable"],
    ["a proxy answers", () => new HttpResponse("<h1>Bad gateway</h1>", { status: 502 }), "unreachable"],
    ["something else answers", () => new HttpResponse("no", { status: 418 }), "http"],
  ])("says so where %s", async (_what, answer, code) => {
    begin("good");
    server.use(http.get("*/api/v1/me", answer));
    await expect(client.GET("/api/v1/me")).rejects.toMatchObject({ code });
  });
});
