import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { describe, expect, it } from "vitest";

import { ACCOUNT, open, signedIn } from "@/test/app";
import { takes } from "@/test/sent";
import { answers, refuses, server } from "@/test/server";

const REPORTING = { time_zone: "UTC", currency: null, rates: [] };

/** The account as it is, with the version that a change has to name. */
function account(more: object = {}, version = '"1"') {
  return http.get("*/api/v1/account", () =>
    HttpResponse.json({ ...ACCOUNT, ...more }, { headers: { ETag: version } }),
  );
}

const name = () => screen.getByRole("textbox", { name: "Name of the account" });
const save = () => screen.getAllByRole("button", { name: "Save" })[0] as HTMLElement;

async function opened(reporting = answers("get", "/account/reporting", REPORTING)) {
  signedIn();
  server.use(
    account(),
    reporting,
    answers("get", "/locations", { items: [], next: null }),
    answers("get", "/api-keys", { items: [], next: null }),
  );
  const router = open("/settings/account");
  return { router, safety: await screen.findByLabelText("Safety stock") };
}

async function leave() {
  await userEvent.click(screen.getByRole("link", { name: "API keys" }));
}

describe("The account's settings", () => {
  it("ask before a step elsewhere loses what was changed", async () => {
    const { router, safety } = await opened();
    await userEvent.clear(safety);
    await userEvent.type(safety, "3");
    await leave();
    const dialog = await screen.findByRole("dialog", { name: "Leave without saving?" });
    const stay = within(dialog).getByRole("button", { name: "Stay" });
    await waitFor(() => expect(stay).toHaveFocus(), { timeout: 2000 });
    await userEvent.click(stay);
    expect(router.state.location.pathname).toBe("/settings/account");
    expect(safety).toHaveValue("3");

    await leave();
    await userEvent.click(await screen.findByRole("button", { name: "Leave" }));
    await waitFor(() => expect(router.state.location.pathname).toBe("/settings/api-keys"));
  });

  it("let go at once who changed nothing, and who saved", async () => {
    const { router, safety } = await opened();
    const sent = takes({ "patch /account": { ...ACCOUNT, safety_stock: 3 } });
    await userEvent.clear(safety);
    await userEvent.type(safety, "3");
    server.use(answers("get", "/account", { ...ACCOUNT, safety_stock: 3 }));
    await userEvent.click(save());
    expect(await screen.findByText("Saved.")).toBeVisible();
    expect(sent.map(({ body }) => body)).toEqual([{ safety_stock: 3 }]);
    await leave();
    await waitFor(() => expect(router.state.location.pathname).toBe("/settings/api-keys"));
    expect(screen.queryByRole("dialog")).not.toBeInTheDocument();
  });

  it("leave alone what one has not changed, by the version that was seen", async () => {
    await opened();
    const sent = takes({ "patch /account": ACCOUNT });
    await userEvent.type(name(), " & tea");
    await userEvent.click(save());
    await waitFor(() => expect(sent.map(({ body }) => body)).toEqual([{ name: "Anna's shop & tea" }]));
    expect(sent[0]?.headers.get("If-Match")).toBe('"1"');
  });

  it("say that somebody was faster, take what they set, and keep what was typed elsewhere", async () => {
    const { safety } = await opened();
    await userEvent.type(name(), " & tea");
    server.use(account({ safety_stock: 7 }, '"2"'), refuses("patch", "/account", 412, "precondition_failed"));
    await userEvent.click(save());
    await waitFor(() => expect(safety).toHaveValue("7"));
    expect(screen.getByRole("alert")).toHaveTextContent("Somebody changed it meanwhile");
    expect(name()).toHaveValue("Anna's shop & tea");

    const sent = takes({ "patch /account": ACCOUNT });
    await userEvent.click(save());
    await waitFor(() => expect(sent.map(({ body }) => body)).toEqual([{ name: "Anna's shop & tea" }]));
    expect(sent[0]?.headers.get("If-Match")).toBe('"2"');
  });
});

describe("What reports are reckoned by", () => {
  const reporting = (more: object = {}, version = '"1"') =>
    http.get("*/api/v1/account/reporting", () =>
      HttpResponse.json({ ...REPORTING, currency: "EUR", rates: [{ currency: "USD", rate: "0.9" }], ...more }, {
        headers: { ETag: version },
      }),
    );
  const form = async () => within(await screen.findByRole("region", { name: "Figures" }));
  const rate = (number: number) => screen.findByRole("textbox", { name: `What one unit is worth in EUR, rate ${number}` });

  it("is saved by the version that was seen, and is what the form begins with from then on", async () => {
    const { queries } = (await opened(reporting())).router.options.context;
    await userEvent.clear(await rate(1));
    await userEvent.type(await rate(1), "0.95");
    await queries.invalidateQueries();
    expect(await rate(1)).toHaveValue("0.95");
    const sent = takes({ "put /account/reporting": {} });
    server.use(reporting({ rates: [{ currency: "USD", rate: "0.95" }] }, '"2"'));
    await userEvent.click((await form()).getByRole("button", { name: "Save" }));
    await waitFor(async () => expect((await form()).getByRole("button", { name: "Save" })).toBeDisabled());
    expect(sent[0]?.body).toEqual({ time_zone: "UTC", currency: "EUR", rates: [{ currency: "USD", rate: "0.95" }] });
    expect(sent[0]?.headers.get("If-Match")).toBe('"1"');
  });

  it("takes a rate as the reader's language writes it", async () => {
    await opened(reporting());
    open("/settings/account", "de");
    const field = await screen.findByRole("textbox", { name: "Was eine Einheit in EUR wert ist, Kurs 1" });
    expect(field).toHaveValue("0,9");
    await userEvent.clear(field);
    await userEvent.type(field, "0,9.5{Enter}");
    expect(await screen.findByText("Eine Zahl über 0, etwa 1,0825.")).toBeVisible();
    const sent = takes({ "put /account/reporting": {} });
    await userEvent.clear(field);
    await userEvent.type(field, "1,0825{Enter}");
    await waitFor(() => expect(sent[0]?.body).toMatchObject({ rates: [{ currency: "USD", rate: "1.0825" }] }));
  });

  it("keeps the rates that were typed where somebody else has set the time zone", async () => {
    await opened(reporting());
    await userEvent.clear(await rate(1));
    await userEvent.type(await rate(1), "0.95");
    server.use(reporting({ time_zone: "Europe/Berlin" }, '"2"'), refuses("put", "/account/reporting", 412, "precondition_failed"));
    await userEvent.click((await form()).getByRole("button", { name: "Save" }));
    expect(await (await form()).findByRole("alert")).toHaveTextContent("Somebody changed it meanwhile");
    await waitFor(async () => expect((await form()).getByRole("combobox", { name: "Days begin in" })).toHaveValue("Europe/Berlin"));
    expect(await rate(1)).toHaveValue("0.95");
  });
});
