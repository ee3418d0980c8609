import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { expect, it, vi } from "vitest";

import { open } from "@/test/app";
import { server } from "@/test/server";

async function refused(errors: object, errors_said: object) {
  const problem = { type: "about:blank", status: 422, code: "invalid_input", detail: "", errors, errors_said };
  server.use(http.post("*/api/v1/auth/register", () => HttpResponse.json(problem, { status: 422 })));
  await register();
}

async function register() {
  open("/sign-up", "de");
  await userEvent.type(await screen.findByLabelText("Name des Kontos"), "Blau");
  await userEvent.type(screen.getByLabelText("E-Mail-Adresse"), "anna@example.com");
  await userEvent.type(screen.getByLabelText("Passwort"), "ein langes Passwort");
  await userEvent.click(screen.getByRole("button", { name: "Weiter" }));
}

it("tells of the reader's language and time zone", async () => {
  const here = new Intl.DateTimeFormat().resolvedOptions();
  vi.spyOn(Intl.DateTimeFormat.prototype, "resolvedOptions").mockReturnValue({ ...here, timeZone: "Asia/Tokyo" });
  const sent: unknown[] = [];
  server.use(
    http.post("*/api/v1/auth/register", async ({ request }) => {
      sent.push(request.headers.get("Accept-Language"), await request.json());
      return new HttpResponse(null, { status: 204 });
    }),
  );
  await register();
  expect(await screen.findByText("Sehen Sie in Ihre Post")).toBeVisible();
  const document = { email: "anna@example.com", password: "ein langes Passwort", account_name: "Blau" };
  expect(sent).toEqual(["de", { ...document, time_zone: "Asia/Tokyo" }]);
});

it("says of each field what is wrong with it in the language of the reader", async () => {
  await refused(
    { json: { account_name: ["Longer than maximum length 200."], email: ["Not a valid email address."] } },
    {
      json: {
        account_name: [{ code: "too_long", values: { most: 200 } }],
        email: [{ code: "no_email", values: {} }],
      },
    },
  );
  expect(await screen.findByLabelText("Name des Kontos")).toHaveAccessibleDescription(/zu lang: höchstens 200/);
  expect(screen.getByLabelText("E-Mail-Adresse")).toHaveAccessibleDescription("Das ist keine E-Mail-Adresse.");
});

it("says in English what it does not know", async () => {
  await refused({ json: { email: ["No comets."] } }, { json: { email: [null] } });
  expect(await screen.findByText("No comets.")).toBeVisible();
});
