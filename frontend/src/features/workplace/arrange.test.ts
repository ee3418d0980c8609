import { describe, expect, it } from "vitest";

import { added, changed, type Change, COLUMNS, KINDS, type Placed, unnamed, without } from "./arrange";

function at(id: string, x: number, y: number, width = 6, height = 4): Placed {
  return { id, kind: "orders", x, y, width, height, options: {} };
}

const LEFT = at("a", 0, 0);
const RIGHT = at("b", 6, 0);
const BELOW = at("c", 0, 4, 12);

function places(widgets: Placed[]): Record<string, number[]> {
  return Object.fromEntries(widgets.map(({ id, x, y, width, height }) => [id, [x, y, width, height]]));
}

function overlap(widgets: Placed[]): boolean {
  const fields = widgets.flatMap((each) =>
    Array.from({ length: each.width * each.height }, (_, n) => {
      const down = Math.floor(n / each.width);
      return `${each.x + (n % each.width)},${each.y + down}`;
    }),
  );
  return new Set(fields).size < fields.length;
}

describe("arranging widgets", () => {
  it("swaps neighbours", () => {
    expect(places(changed([LEFT, RIGHT, BELOW], "b", "left"))).toEqual({
      b: [0, 0, 6, 4],
      a: [6, 0, 6, 4],
      c: [0, 4, 12, 4],
    });
    expect(places(changed([at("a", 0, 0, 4), at("b", 4, 0, 8)], "a", "right"))).toEqual({
      b: [0, 0, 8, 4],
      a: [8, 0, 4, 4],
    });
  });

  it("moves into what is free before that", () => {
    expect(places(changed([at("a", 0, 0, 3), at("b", 8, 0, 4)], "b", "left"))["b"]).toEqual([3, 0, 4, 4]);
    expect(places(changed([at("a", 0, 0, 3)], "a", "right"))["a"]).toEqual([9, 0, 3, 4]);
  });

  it("goes past what lies above or below", () => {
    expect(places(changed([LEFT, RIGHT, BELOW], "c", "up"))).toMatchObject({ c: [0, 0, 12, 4] });
    expect(places(changed([LEFT, RIGHT, BELOW], "a", "down"))).toEqual({
      b: [6, 0, 6, 4],
      c: [0, 4, 12, 4],
      a: [0, 8, 6, 4],
    });
  });

  it("gets larger at the cost of others, which give way downwards", () => {
    expect(places(changed([LEFT, RIGHT], "a", "wider"))).toEqual({ a: [0, 0, 7, 4], b: [6, 4, 6, 4] });
    expect(places(changed([LEFT, RIGHT], "b", "wider"))).toEqual({ b: [5, 0, 7, 4], a: [0, 4, 6, 4] });
    expect(places(changed([LEFT, BELOW], "a", "shorter"))).toEqual({ a: [0, 0, 6, 3], c: [0, 3, 12, 4] });
  });

  it("stays as it is where there is no further", () => {
    const whole = [at("a", 0, 0, COLUMNS, 2)];
    for (const change of ["left", "right", "up", "down", "wider", "shorter"] as Change[]) {
      expect(places(changed(whole, "a", change))).toEqual(places(whole));
    }
    expect(places(changed([at("a", 0, 0, 3, 20)], "a", "narrower"))["a"]).toEqual([0, 0, 3, 20]);
    expect(places(changed([at("a", 0, 0, 3, 20)], "a", "taller"))["a"]).toEqual([0, 0, 3, 20]);
  });

  it("closes the gap of what is taken away, and puts what is new at the end", () => {
    expect(places(without([LEFT, RIGHT, BELOW], "a"))).toEqual({ b: [6, 0, 6, 4], c: [0, 4, 12, 4] });
    expect(places(without([LEFT, BELOW], "a"))).toEqual({ c: [0, 0, 12, 4] });
    const more = added([LEFT, BELOW], "revenue");
    expect(more.at(-1)).toMatchObject({ kind: "revenue", x: 0, y: 8, options: { days: 30 } });
    expect(new Set(added(more, "revenue").map(({ id }) => id)).size).toBe(4);
    expect(unnamed(more)[0]).not.toHaveProperty("id");
  });

  it("never lays one on another, nor outside, whatever is done", () => {
    const changes: Change[] = ["left", "right", "up", "down", "wider", "narrower", "taller", "shorter"];
    let widgets: Placed[] = KINDS.reduce<Placed[]>((found, kind) => added(found, kind), []);
    let seed = 7;
    const pick = <T,>(from: readonly T[]): T => {
      seed = (seed * 16_807) % 2_147_483_647;
      return from[seed % from.length] as T;
    };
    for (let step = 0; step < 500; step += 1) {
      widgets = changed(widgets, pick(widgets).id, pick(changes));
      expect(overlap(widgets)).toBe(false);
      expect(widgets.every(({ x, width }) => x >= 0 && x + width <= COLUMNS)).toBe(true);
    }
    expect(widgets.length).toBe(KINDS.length);
  });
});
