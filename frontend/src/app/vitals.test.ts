import { waitFor } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, expect, it, vi } from "vitest";

import { session } from "@/session/session";
import { open, signedIn } from "@/test/app";
import { answers, server } from "@/test/server";

import { reportVitals } from "./vitals";

vi.mock("web-vitals", () => {
  const gives = (name: string, value: number) => (report: (vital: object) => void) => report({ name, value });
  return {
    onCLS: gives("CLS", 0.02),
    onFCP: gives("FCP", 900),
    onINP: () => undefined,
    onLCP: gives("LCP", 9e9),
    onTTFB: gives("TTFB", 80),
  };
});

let told: unknown[];

beforeEach(() => {
  told = [];
  server.use(
    answers("get", "/orders/1", {}),
    answers("get", "/orders/1/timeline", {}),
    http.post("*/api/v1/web-vitals", async ({ request }) => {
      told.push(await request.json());
      return new HttpResponse(null, { status: 204 });
    }),
  );
});

function hide() {
  vi.spyOn(document, "visibilityState", "get").mockReturnValue("hidden");
  document.dispatchEvent(new Event("visibilitychange"));
}

it("tells once how fast a page was, by its pattern, when it is left", async () => {
  signedIn();
  const router = open("/orders/1?from=2026-01-01");
  reportVitals(router);
  await waitFor(() => expect(router.state.matches.at(-1)?.fullPath).toBe("/orders/$orderId"));
  expect(told).toEqual([]);
  hide();
  hide();
  await waitFor(() => expect(told).toHaveLength(1));
  expect(told[0]).toEqual({
    route: "/orders/:orderId",
    items: [
      { metric: "CLS", value: 0.02 },
      { metric: "FCP", value: 900 },
      { metric: "LCP", value: 600_000 },
      { metric: "TTFB", value: 80 },
    ],
  });
});

it("tells nothing of strangers", async () => {
  vi.spyOn(session, "status", "get").mockReturnValue("out");
  reportVitals(open("/sign-in"));
  hide();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(told).toEqual([]);
});
