import { InfiniteQueryObserver, QueryClient, QueryObserver } from "@tanstack/react-query";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { Looks } from "./looks";

const ORDERS = ["get", "/api/v1/orders"];

function after<Of>(ms: number, answer: Of): Promise<Of> {
  return new Promise((resolve) => setTimeout(() => resolve(answer), ms));
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("looking again", () => {
  it("gathers events, keeps apart on a busy day, and looks once more later", () => {
    const queries = new QueryClient();
    const looked: number[] = [];
    const began = Date.now();
    vi.spyOn(queries, "invalidateQueries").mockImplementation(async () => void looked.push(Date.now() - began));
    const looks = new Looks(queries);
    for (let event = 0; event < 20; event += 1) {
      looks.soon(ORDERS);
      looks.after(ORDERS, 2000);
      vi.advanceTimersByTime(100);
    }
    vi.advanceTimersByTime(10_000);
    expect(looked).toEqual([150, 1150, 2150, 3900]);
    looks.soon(ORDERS);
    looks.end();
    vi.advanceTimersByTime(10_000);
    expect(looked.length).toBe(4);
  });

  it("waits for an answer that takes longer than events are apart", async () => {
    const queries = new QueryClient();
    let asked = 0;
    const queryFn = () => after(1300, (asked += 1));
    new QueryObserver(queries, { queryKey: ORDERS, queryFn }).subscribe(() => undefined);
    await vi.advanceTimersByTimeAsync(2000);
    const looks = new Looks(queries);
    for (let event = 0; event < 100; event += 1) {
      looks.soon(ORDERS);
      await vi.advanceTimersByTimeAsync(300);
    }
    expect(queries.getQueryState(ORDERS)?.dataUpdateCount).toBeGreaterThan(15);
    // What an event told of while the last one was on its way is asked for too.
    await vi.advanceTimersByTimeAsync(3000);
    expect(queries.getQueryData(ORDERS)).toBe(asked);
    expect(queries.isFetching()).toBe(0);
  });

  it("leaves a list's next page on its way", async () => {
    const queries = new QueryClient();
    const list = new InfiniteQueryObserver(queries, {
      queryKey: ORDERS,
      queryFn: ({ pageParam }) => after(500, pageParam),
      initialPageParam: 0,
      getNextPageParam: (last: number) => last + 1,
    });
    list.subscribe(() => undefined);
    await vi.advanceTimersByTimeAsync(1000);
    void list.fetchNextPage();
    await vi.advanceTimersByTimeAsync(100);
    new Looks(queries).soon(ORDERS);
    await vi.advanceTimersByTimeAsync(5000);
    expect(list.getCurrentResult().data?.pages).toEqual([0, 1]);
    expect(queries.getQueryState(ORDERS)?.dataUpdateCount).toBe(3);
  });
});
