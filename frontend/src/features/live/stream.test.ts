import { describe, expect, it } from "vitest";

import { ApiProblem } from "@/api/problem";

import { listen, type LiveEvent, makeParser } from "./stream";

describe("the parser", () => {
  it("reads events, ids, waits and comments, wherever pieces break", () => {
    const text = 'retry: 4210\nid: 1-0\nevent: ready\ndata: {}\n\n: still here\n\nid: 2-0\nevent: order.created\ndata: {"a":1}\n\n';
    for (const size of [1, 7, text.length]) {
      const parse = makeParser();
      const found = [...text.matchAll(new RegExp(`[^]{1,${size}}`, "g"))].flatMap(([piece]) => parse(piece));
      expect(found).toEqual([
        { retry: 4210, id: "1-0", event: { type: "ready", data: "{}" } },
        {},
        { id: "2-0", event: { type: "order.created", data: '{"a":1}' } },
      ]);
    }
  });
});

function stream(...pieces: string[]): Response {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      pieces.forEach((piece) => controller.enqueue(new TextEncoder().encode(piece)));
      controller.close();
    },
  });
  return new Response(body as never);
}

describe("listening", () => {
  it("goes on after what it saw last, and waits as it was told", async () => {
    const ending = new AbortController();
    const asked: (string | null)[] = [];
    const events: LiveEvent[] = [];
    const waits: number[] = [];
    await listen({
      open: async (lastId) => {
        asked.push(lastId);
        return stream(`retry: 5000\nid: ${asked.length}-0\nevent: ready\ndata: {}\n\n`);
      },
      onEvent: (event) => events.push(event),
      onConnected: () => undefined,
      wait: async (ms) => {
        waits.push(ms);
        if (waits.length === 3) ending.abort();
      },
      signal: ending.signal,
    });
    expect(asked).toEqual([null, "1-0", "2-0"]);
    expect(events.map(({ type }) => type)).toEqual(["ready", "ready", "ready"]);
    expect(waits).toEqual([5000, 5000, 5000]);
  });

  it("waits longer each time that it is refused", async () => {
    const ending = new AbortController();
    const waits: number[] = [];
    await listen({
      open: () => Promise.reject(new Error("refused")),
      onEvent: () => undefined,
      onConnected: () => undefined,
      wait: async (ms) => {
        waits.push(ms);
        if (waits.length === 6) ending.abort();
      },
      signal: ending.signal,
    });
    expect(waits).toEqual([3000, 6000, 12_000, 24_000, 48_000, 60_000]);
  });

  it("waits as long as whoever refuses it asks for", async () => {
    const ending = new AbortController();
    const waits: number[] = [];
    await listen({
      open: () => Promise.reject(new ApiProblem("live_unavailable", 503, "", {}, 10)),
      onEvent: () => undefined,
      onConnected: () => undefined,
      wait: async (ms) => {
        waits.push(ms);
        if (waits.length === 4) ending.abort();
      },
      signal: ending.signal,
    });
    expect(waits).toEqual([10_000, 10_000, 12_000, 24_000]);
  });

  it("takes silence for a broken connection", async () => {
    const ending = new AbortController();
    const connected: boolean[] = [];
    await listen({
      open: async (_lastId, signal) => {
        const body = new ReadableStream({
          start(controller) {
            controller.enqueue(new TextEncoder().encode("id: 1-0\nevent: ready\ndata: {}\n\n"));
            signal.addEventListener("abort", () => controller.error(new Error("aborted")));
          },
        });
        return new Response(body as never);
      },
      onEvent: () => undefined,
      onConnected: (is) => connected.push(is),
      wait: async () => ending.abort(),
      silenceMs: 30,
      signal: ending.signal,
    });
    expect(connected).toEqual([true, false].slice(0, connected.length));
    expect(connected[0]).toBe(true);
  });
});
