import { createContext, useContext } from "react";

/** Begins the tour of the shell. */
export const TourStart = createContext<() => void>(() => undefined);

export function useTourStart(): () => void {
  return useContext(TourStart);
}

/** In this order; what each shows has it as `data-tour`. */
export const STOPS = ["/overview", "/stock", "/connections", "/reviews", "palette"] as const;
export type Stop = (typeof STOPS)[number];

/** What a stop shows, as far as it is to be seen; a narrow window has a button of its own for some. */
export function placeOf(stop: Stop): DOMRect | null {
  const found = [...document.querySelectorAll(`[data-tour="${stop}"]`)].map((each) => each.getBoundingClientRect());
  return found.find(({ width }) => width > 0) ?? found[0] ?? null;
}
