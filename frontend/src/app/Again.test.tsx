import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, it } from "vitest";

import { session } from "@/session/session";
import { ACCOUNT, open, signedIn, token } from "@/test/app";
import { takes } from "@/test/sent";
import { answers, refuses, server } from "@/test/server";

beforeEach(() => {
  signedIn();
  server.use(
    answers("get", "/account/reporting", { time_zone: "Europe/Berlin", currency: null, rates: [] }),
    answers("get", "/locations", { items: [], next: null }),
    refuses("post", "/auth/refresh", 401, "invalid_refresh_token"),
  );
});

const name = () => screen.findByRole("textbox", { name: "Name of the account" });

/** Types a name, and then the session is over. */
async function typed() {
  const router = open("/settings/account");
  await screen.findByRole("button", { name: /^Account: Anna/ });
  await userEvent.type(await name(), " and daughters");
  await act(() => session.renew("token").catch(() => undefined));
  const dialog = within(await screen.findByRole("dialog", { name: "Sign in" }));
  return { router, dialog };
}

describe("a session that is over under an open page", () => {
  it("is gone on with by the same user, with a code too, and what was typed is there", async () => {
    const asked: unknown[] = [];
    server.use(
      http.post("*/api/v1/auth/login", async ({ request }) => {
        const body = (await request.json()) as { code?: string };
        asked.push(body);
        return body.code === undefined
          ? HttpResponse.json({ status: 401, code: "second_factor_needed", detail: "" }, { status: 401 })
          : HttpResponse.json(token(7, "new"));
      }),
    );
    const { router, dialog } = await typed();
    expect(dialog.getByText(/what you have typed is still there/)).toBeVisible();
    expect(dialog.getByLabelText("E-mail address")).toHaveValue("anna@example.com");
    expect(dialog.getByLabelText("E-mail address")).toHaveAttribute("readonly");
    await userEvent.type(dialog.getByLabelText("Password"), "correct horse battery{Enter}");
    await userEvent.type(await screen.findByLabelText("Code"), "123456{Enter}");
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(asked.at(-1)).toEqual({
      ...{ email: "anna@example.com", password: "correct horse battery", account_id: 7, code: "123456" },
    });
    expect(router.state.location.pathname).toBe("/settings/account");
    expect(await name()).toHaveValue("Anna's shop and daughters");
    await waitFor(() => expect(document.activeElement).toHaveValue("Anna's shop and daughters"));
    const sent = takes({ "patch /account": ACCOUNT });
    await userEvent.keyboard("{Enter}");
    await waitFor(() => expect(sent.map(({ body }) => body)).toEqual([{ name: "Anna's shop and daughters" }]));
  });

  it("leaves a dialog beneath as it is where Escape is pressed", async () => {
    server.use(answers("get", "/locations", { items: [{ id: 1, name: "Main", created_at: "" }], next: null }));
    open("/settings/account");
    await screen.findByRole("button", { name: /^Account: Anna/ });
    await userEvent.click(await screen.findByRole("button", { name: /^Rename/ }));
    await userEvent.type(await screen.findByDisplayValue("Main"), " street");
    await act(() => session.renew("token").catch(() => undefined));
    await screen.findByRole("dialog", { name: "Sign in" });
    await userEvent.keyboard("{Escape}");
    expect(screen.getByDisplayValue("Main street")).toBeInTheDocument();
  });

  it("lets nothing else have the keyboard", async () => {
    const { dialog } = await typed();
    await userEvent.type(dialog.getByLabelText("Password"), "cor");
    await userEvent.keyboard("{Control>}k{/Control}");
    await userEvent.keyboard("rect");
    expect(dialog.getByLabelText("Password")).toHaveValue("correct");
    expect(screen.queryByRole("combobox", { name: /^SKU, / })).toBeNull();
  });

  it("is not left by Escape, and leaves all behind for somebody else", async () => {
    const { dialog } = await typed();
    await userEvent.keyboard("{Escape}");
    const other = dialog.getByRole("link", { name: /Sign in as somebody else/ });
    // By loading the app anew: nothing that is in memory stays.
    expect(other).toHaveAttribute("href", `/sign-in?next=${encodeURIComponent("/settings/account")}`);
    expect(session.accountId).toBe(7);
  });

  it("is over with all that was loaded where one signs in at the door", async () => {
    const { router } = await typed();
    await act(() => router.navigate({ to: "/overview", ignoreBlocker: true }));
    expect(await screen.findByText(/Your session is over/)).toBeVisible();
    await waitFor(() => expect(router.state.location.pathname).toBe("/sign-in"));
    expect(screen.queryByRole("textbox", { name: "Name of the account" })).toBeNull();
  });
});
