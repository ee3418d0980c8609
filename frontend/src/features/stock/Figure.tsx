import { useFormat } from "@/i18n/format";

import { figureOf } from "./cells";

/** A number of units; in red below zero. */
export function Figure({ value, strong = false }: { value: number; strong?: boolean }) {
  return figureOf(useFormat(), value, strong);
}
