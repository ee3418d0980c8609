import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { beforeEach, expect, it, vi } from "vitest";

import { open, signedIn } from "@/test/app";
import { answers, server } from "@/test/server";
import * as leaving from "@/ui/leaving";

// As where nobody answers, or a newer build has taken its place.
vi.mock("@/features/reviews/Reviews", () => {
  throw new TypeError("Failed to fetch dynamically imported module: /assets/Reviews-1.js");
});

let reload: ReturnType<typeof vi.spyOn>;

beforeEach(() => {
  signedIn();
  sessionStorage.clear();
  reload = vi.spyOn(leaving, "reload").mockReturnValue();
  server.use(
    answers("get", "/sync/runs", { items: [], next: null }),
    answers("get", "/connections", { items: [], next: null }),
  );
});

/** What answers to whoever asks for the app's own page. */
function page(answer: () => Response) {
  server.use(
    http.get(window.location.href, ({ request }) =>
      request.headers.get("Accept") === "text/html" ? answer() : new HttpResponse(null, { status: 404 }),
    ),
  );
}

it("loads the page anew for a part that is gone, once by itself and then where one asks for it", async () => {
  page(() => new HttpResponse("<!doctype html>"));
  open("/reviews");
  const alert = await screen.findByRole("alert");
  await expect.poll(() => reload.mock.calls.length).toBe(1);
  expect(alert).toHaveTextContent("SyncFlow does not answer");
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  await expect.poll(() => reload.mock.calls.length).toBe(2);
});

it("stays where nobody answers, also who only comes near to what leads there", async () => {
  page(() => HttpResponse.error());
  open("/sync");
  await userEvent.hover(await screen.findByRole("link", { name: "Review" }));
  expect(await screen.findByRole("heading", { name: "Sync history" })).toBeVisible();
  await userEvent.click(screen.getByRole("link", { name: "Review" }));
  expect(await screen.findByText("SyncFlow does not answer")).toBeVisible();
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(reload).not.toHaveBeenCalled();
});
