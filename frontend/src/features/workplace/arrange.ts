/** Where the widgets of a dashboard lie: 12 columns, rows without gaps, none on another. */

import type { Schemas } from "@/api/client";

export type Widget = Schemas["Widget"];
export type Kind = Widget["kind"];
/** The API knows widgets by where they lie; while they are moved they need a name. */
export type Placed = Widget & { id: string };
export type Change = "left" | "right" | "up" | "down" | "wider" | "narrower" | "taller" | "shorter";

export const COLUMNS = 12;
/** As the API has it (app/services/workplace/dashboards.py). */
export const MOST_WIDGETS = 40;
export const LEAST_WIDTH = 3;
export const LEAST_HEIGHT = 2;
export const MOST_HEIGHT = 20;

/** All kinds, in the order in which they are offered. */
export const KINDS: readonly Kind[] = [
  "today",
  "attention",
  "connections",
  "revenue",
  "orders",
  "average_order",
  "orders_by_platform",
  "low_stock",
  "stock_value",
  "stock_movements",
  "sync_success",
  "api_latency",
  "api_errors",
];
const PLAIN: ReadonlySet<Kind> = new Set(["today", "attention", "connections", "low_stock", "stock_value"]);

/** Whether it shows a span of days. */
export function hasSpan(kind: Kind): boolean {
  return !PLAIN.has(kind);
}

export function named(widgets: readonly Widget[]): Placed[] {
  return widgets.map((widget, index) => ({ ...widget, id: `${index}-${widget.kind}` }));
}

/** As the API takes them. */
export function unnamed(widgets: readonly Placed[]): Widget[] {
  return inOrder(widgets).map(({ kind, x, y, width, height, options }) => ({ kind, x, y, width, height, options }));
}

/** As one reads: row by row, from the left. */
export function inOrder(widgets: readonly Placed[]): Placed[] {
  return widgets.toSorted((a, b) => a.y - b.y || a.x - b.x);
}

/** A new one below all others. */
export function added(widgets: readonly Placed[], kind: Kind): Placed[] {
  const taken = new Set(widgets.map((each) => each.id));
  let number = widgets.length;
  while (taken.has(`${number}-${kind}`)) {
    number += 1;
  }
  const bottom = Math.max(0, ...widgets.map((each) => each.y + each.height));
  const size = { width: 6, height: kind === "today" ? 2 : 4 };
  const options = hasSpan(kind) ? { days: 30 } : {};
  return settled([...inOrder(widgets), { id: `${number}-${kind}`, kind, x: 0, y: bottom, ...size, options }]);
}

export function without(widgets: readonly Placed[], id: string): Placed[] {
  return settled(inOrder(widgets.filter((each) => each.id !== id)));
}

/** One step, by the menu. The same widgets where it can go no further. */
export function changed(widgets: readonly Placed[], id: string, change: Change): Placed[] {
  const widget = widgets.find((each) => each.id === id);
  if (widget === undefined) {
    return [...widgets];
  }
  switch (change) {
    case "left":
    case "right":
      return aside(widgets, widget, change);
    case "up":
    case "down":
      return past(widgets, widget, change);
    default:
      return first(widgets, { ...widget, ...sizeOf(widget, change) });
  }
}

/** Up into what is free, else in the place of the neighbour, which takes the room on the other side. */
function aside(widgets: readonly Placed[], widget: Placed, change: "left" | "right"): Placed[] {
  const row = widgets.filter((each) => each.id !== widget.id && meet(each.y, each.height, widget.y, widget.height));
  const end = widget.x + widget.width;
  if (change === "left") {
    const neighbour = row.filter((each) => each.x + each.width <= widget.x).toSorted((a, b) => right(b) - right(a))[0];
    const edge = neighbour === undefined ? 0 : right(neighbour);
    if (neighbour === undefined || edge < widget.x) {
      return first(widgets, { ...widget, x: edge });
    }
    const next = { ...widget, x: neighbour.x };
    return first(replaced(widgets, { ...neighbour, x: right(next) }), next);
  }
  const neighbour = row.filter((each) => each.x >= end).toSorted((a, b) => a.x - b.x)[0];
  const edge = neighbour === undefined ? COLUMNS : neighbour.x;
  if (neighbour === undefined || edge > end) {
    return first(widgets, { ...widget, x: edge - widget.width });
  }
  const next = { ...widget, x: right(neighbour) - widget.width };
  return first(replaced(widgets, { ...neighbour, x: widget.x }), next);
}

/** Past whatever lies right above or below it. */
function past(widgets: readonly Placed[], widget: Placed, change: "up" | "down"): Placed[] {
  const rest = inOrder(widgets).filter((each) => each.id !== widget.id);
  const column = rest.filter((each) => meet(each.x, each.width, widget.x, widget.width));
  if (change === "up") {
    const above = column.filter((each) => each.y + each.height <= widget.y);
    const edge = Math.max(...above.map((each) => each.y + each.height));
    const next = rest.findIndex((each) => above.includes(each) && each.y + each.height === edge);
    return next < 0 ? inOrder(widgets) : settled(rest.toSpliced(next, 0, widget));
  }
  const below = column.filter((each) => each.y >= widget.y + widget.height);
  const edge = Math.min(...below.map((each) => each.y));
  const next = rest.findLastIndex((each) => below.includes(each) && each.y === edge);
  return next < 0 ? inOrder(widgets) : settled(rest.toSpliced(next + 1, 0, widget));
}

function sizeOf(widget: Placed, change: Exclude<Change, "left" | "right" | "up" | "down">): Partial<Placed> {
  switch (change) {
    case "wider":
      return right(widget) < COLUMNS
        ? { width: widget.width + 1 }
        : widget.x > 0
          ? { x: widget.x - 1, width: widget.width + 1 }
          : {};
    case "narrower":
      return { width: Math.max(LEAST_WIDTH, widget.width - 1) };
    case "taller":
      return { height: Math.min(MOST_HEIGHT, widget.height + 1) };
    case "shorter":
      return { height: Math.max(LEAST_HEIGHT, widget.height - 1) };
  }
}

/** It stays where it was put; what lies there gives way downwards. */
function first(widgets: readonly Placed[], widget: Placed): Placed[] {
  const rank = (each: Placed) => (each.id === widget.id ? -1 : each.x);
  return settled(replaced(widgets, widget).toSorted((a, b) => a.y - b.y || rank(a) - rank(b)));
}

/** One after the other, each as far up as those before it leave room. */
function settled(order: readonly Placed[]): Placed[] {
  const done: Placed[] = [];
  for (const widget of order) {
    const above = done.filter((each) => meet(each.x, each.width, widget.x, widget.width));
    done.push({ ...widget, y: Math.max(0, ...above.map((each) => each.y + each.height)) });
  }
  return done;
}

function replaced(widgets: readonly Placed[], widget: Placed): Placed[] {
  return widgets.map((each) => (each.id === widget.id ? widget : each));
}

function right(widget: Placed): number {
  return widget.x + widget.width;
}

/** Whether two lengths share anything. */
function meet(a: number, aLength: number, b: number, bLength: number): boolean {
  return a < b + bLength && b < a + aLength;
}
