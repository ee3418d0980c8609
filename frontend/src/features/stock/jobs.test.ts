import { describe, expect, it, vi } from "vitest";

import { ApiProblem, unreachable } from "@/api/problem";

import { run } from "./jobs";
import type { Row } from "./useStockPages";

const ROW = { variant_id: 1 } as Row;

function doing(...answers: (ApiProblem | null)[]) {
  const each = vi.fn(() => {
    const answer = answers.shift() ?? null;
    return answer === null ? Promise.resolve() : Promise.reject(answer);
  });
  const wait = vi.fn(() => Promise.resolve());
  const outcome = run([ROW], each, () => undefined, new AbortController().signal, wait);
  return { each, wait, outcome };
}

describe("a job for many SKUs", () => {
  it("is sent again where the answer was lost or asks to wait, for as long as it says", async () => {
    const { wait, outcome } = doing(unreachable(), new ApiProblem("too_many_requests", 429, "", {}, 7));
    expect(await outcome).toEqual({ did: [ROW], refused: [] });
    expect(wait.mock.calls).toEqual([[1000], [7000]]);
  });

  it("is refused where it still is not answered", async () => {
    const lost = Array.from({ length: 20 }, unreachable);
    const { outcome } = doing(...lost);
    expect((await outcome).refused).toHaveLength(1);
  });

  it("is not sent again where it was refused for good", async () => {
    const { each, outcome } = doing(new ApiProblem("variant_in_use", 409));
    expect((await outcome).refused).toHaveLength(1);
    expect(each).toHaveBeenCalledTimes(1);
  });
});
