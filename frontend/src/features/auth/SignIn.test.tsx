import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, it } from "vitest";

import { session } from "@/session/session";
import { ACCOUNT, ME, open, token } from "@/test/app";
import { answers, refuses, server } from "@/test/server";

const PAGE = { items: [], next: null };

beforeEach(async () => {
  if (session.status === "in") {
    server.use(answers("post", "/auth/logout", null));
    await session.signOut();
  }
  server.use(
    answers("get", "/me", ME),
    answers("get", "/account", ACCOUNT),
    answers("get", "/live", {}),
    answers("get", "/orders", PAGE),
    answers("get", "/orders/totals", { count: 0, at_least: false, revenue: [] }),
    answers("get", "/connections", PAGE),
  );
});

async function enter(email: string, password: string) {
  await userEvent.type(await screen.findByLabelText("E-mail address"), email);
  await userEvent.type(screen.getByLabelText("Password"), password);
  await userEvent.click(screen.getByRole("button", { name: "Sign in" }));
}

describe("signing in", () => {
  it("leads to where one was going", async () => {
    server.use(answers("post", "/auth/login", token()));
    const router = open("/orders?state=open");
    expect(await screen.findByRole("heading", { name: "Sign in" })).toBeVisible();
    await enter("anna@example.com", "correct horse battery");
    expect(await screen.findByRole("heading", { name: "Orders" })).toBeVisible();
    expect(router.state.location.href).toBe("/orders?state=open");
  });

  it("leaves nothing of whoever was signed in until now", async () => {
    server.use(answers("post", "/auth/login", token()));
    const router = open("/orders?state=open");
    await enter("anna@example.com", "correct horse battery");
    expect(await screen.findByRole("button", { name: /Anna's shop/ })).toBeVisible();
    server.use(
      answers("post", "/auth/login", token(8)),
      answers("get", "/me", { ...ME, account_id: 8, account_name: "Ben's shop", accounts: [] }),
    );
    await router.navigate({ to: "/sign-in" });
    await enter("ben@example.com", "correct horse battery");
    expect(await screen.findByRole("button", { name: /Ben's shop/ })).toBeVisible();
    expect(screen.queryByText("Anna's shop")).toBeNull();
  });

  it("asks for a code where there is a second factor, and takes a recovery code instead", async () => {
    const sent: unknown[] = [];
    server.use(
      http.post("*/api/v1/auth/login", async ({ request }) => {
        const body = (await request.json()) as { code?: string };
        sent.push(body);
        return body.code === "abcd-efgh-ijkl"
          ? HttpResponse.json(token())
          : HttpResponse.json(
              { status: 401, code: body.code ? "wrong_code" : "second_factor_needed", detail: "" },
              { status: body.code ? 403 : 401 },
            );
      }),
    );
    open("/sign-in?next=%2Forders");
    await enter(" anna@example.com ", "correct horse battery");
    const code = await screen.findByLabelText("Code");
    expect(code).toHaveAttribute("autocomplete", "one-time-code");
    await userEvent.type(code, "123456{Enter}");
    expect(await screen.findByRole("alert")).toHaveTextContent("The code is wrong, or was used before");
    await userEvent.click(screen.getByRole("button", { name: /use a recovery code/ }));
    await userEvent.type(screen.getByLabelText("Recovery code"), "abcd-efgh-ijkl{Enter}");
    expect(await screen.findByRole("heading", { name: "Orders" })).toBeVisible();
    expect(sent.at(-1)).toEqual({
      email: "anna@example.com",
      password: "correct horse battery",
      code: "abcd-efgh-ijkl",
    });
  });

  it("says what was wrong and what to do, and forgets the password", async () => {
    server.use(refuses("post", "/auth/login", 401, "wrong_credentials"));
    open("/sign-in");
    await enter("anna@example.com", "wrong");
    const alert = await screen.findByRole("alert");
    expect(alert).toHaveTextContent("Address and password do not belong together");
    expect(alert).toHaveTextContent("set a new password");
    expect(screen.getByLabelText("E-mail address")).toHaveValue("anna@example.com");
    await waitFor(() => expect(screen.getByLabelText("Password")).toHaveValue(""));
  });

  it("says how long to wait after too many attempts", async () => {
    server.use(refuses("post", "/auth/login", 429, "too_many_requests", { "Retry-After": "540" }));
    open("/sign-in", "de");
    await userEvent.type(await screen.findByLabelText("E-Mail-Adresse"), "a@b.de");
    await userEvent.type(screen.getByLabelText("Passwort"), "x{Enter}");
    expect(await screen.findByRole("alert")).toHaveTextContent("in 9 Minuten");
  });

  it("asks for what is missing without a call", async () => {
    open("/sign-in");
    await userEvent.click(await screen.findByRole("button", { name: "Sign in" }));
    expect(await screen.findAllByText("This is needed.")).toHaveLength(2);
    expect(screen.getByLabelText("E-mail address")).toBeInvalid();
  });

  it("comes back when the session is over before it is known whose page it is, with the place kept", async () => {
    server.use(refuses("get", "/me", 503, "unavailable"));
    session.begin(token());
    const router = open("/orders?q=1001");
    expect(await screen.findByRole("heading", { name: "Orders" })).toBeVisible();
    server.use(refuses("post", "/auth/refresh", 401, "invalid_refresh_token"));
    await session.renew("token").catch(() => undefined);
    expect(await screen.findByText(/Your session is over/)).toBeVisible();
    expect(router.state.location.search).toEqual({ next: "/orders?q=1001" });
  });
});
