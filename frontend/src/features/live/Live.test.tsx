import { QueryClient, QueryClientProvider, QueryObserver } from "@tanstack/react-query";
import { render, waitFor } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { session } from "@/session/session";
import { token } from "@/test/app";
import { server } from "@/test/server";

import { Live, useIsLive } from "./Live";

const RULES = [{ kinds: ["order."], queries: [["orders"]] }] as const;

beforeEach(() => {
  session.begin(token());
  vi.useFakeTimers({ shouldAdvanceTime: true });
});
afterEach(() => void vi.useRealTimers());

/** It is ready and tells of nothing. */
function stream(ends: boolean) {
  const body = new ReadableStream({
    start: (controller) => {
      controller.enqueue(new TextEncoder().encode("id: 1-0\nevent: ready\ndata: {}\n\n"));
      if (ends) setTimeout(() => controller.close(), 500);
    },
  });
  return new HttpResponse(body, { headers: { "Content-Type": "text/event-stream" } });
}

/** How often orders, which are shown, were asked for. */
function shown(queries: QueryClient) {
  const asks = vi.fn(async () => null);
  new QueryObserver(queries, { queryKey: ["orders"], queryFn: asks }).subscribe(() => undefined);
  return asks;
}

function IsLive() {
  return useIsLive() ? "live" : "not yet";
}

function open(queries: QueryClient) {
  return render(
    <QueryClientProvider client={queries}>
      <Live rules={RULES} accountId={7}>
        <IsLive />
      </Live>
    </QueryClientProvider>,
  );
}

it("asks for nothing again where the stream comes at once, nor where it goes on after one that ended", async () => {
  const streams: (string | null)[] = [];
  server.use(
    http.get("*/api/v1/live", ({ request }) => {
      streams.push(request.headers.get("Last-Event-ID"));
      return stream(streams.length === 1);
    }),
  );
  const queries = new QueryClient();
  const { findByText } = open(queries);
  const asks = shown(queries);
  await findByText("live");
  await findByText("not yet");
  await vi.advanceTimersByTimeAsync(5000);
  await findByText("live");
  expect(streams).toEqual([null, "1-0"]);
  expect(asks).toHaveBeenCalledTimes(1);
});

it("asks again for what was loaded before the stream came at last", async () => {
  let streams = 0;
  server.use(
    http.get("*/api/v1/live", () => (streams++ === 0 ? new HttpResponse(null, { status: 503 }) : stream(false))),
  );
  const queries = new QueryClient();
  const { findByText } = open(queries);
  const asks = shown(queries);
  await waitFor(() => expect(streams).toBe(1));
  await vi.advanceTimersByTimeAsync(5000);
  await findByText("live");
  await waitFor(() => expect(asks).toHaveBeenCalledTimes(2));
});

it("looks each minute while no stream comes, and comes back at once where the browser is online again", async () => {
  let answers = false;
  server.use(http.get("*/api/v1/live", () => (answers ? stream(false) : new HttpResponse(null, { status: 503 }))));
  const queries = new QueryClient();
  const { findByText, getByText } = open(queries);
  const asks = shown(queries);
  await vi.advanceTimersByTimeAsync(59_000);
  expect(asks).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(62_000);
  await waitFor(() => expect(asks).toHaveBeenCalledTimes(3));
  answers = true;
  await vi.advanceTimersByTimeAsync(1000);
  expect(getByText("not yet")).toBeInTheDocument();
  window.dispatchEvent(new Event("online"));
  await findByText("live");
});
