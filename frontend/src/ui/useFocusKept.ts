import { type RefObject, useLayoutEffect, useRef } from "react";

/** What has the focus where it would be lost: what had it went away, or could not be used, as `state` became
 *  another; undefined is none yet. */
export function useFocusKept<Target extends HTMLElement>(state: unknown): RefObject<Target | null> {
  const target = useRef<Target>(null);
  const last = useRef(state);
  useLayoutEffect(() => {
    if (last.current !== undefined && last.current !== state && document.activeElement === document.body) {
      target.current?.focus({ preventScroll: true });
    }
    last.current = state;
  }, [state]);
  return target;
}
