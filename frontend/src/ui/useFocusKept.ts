import { type RefObject, useLayoutEffect, useRef } from "react";

/** What has the focus where it would be lost: what had it went away, or could not be used, as `state` became
 *  another; undefined is none yet. It is what the ref is of, or what `find` finds then. */
export function useFocusKept<Target extends HTMLElement>(
  state: unknown,
  find?: () => HTMLElement | null | undefined,
): RefObject<Target | null> {
  const target = useRef<Target>(null);
  const last = useRef(state);
  useLayoutEffect(() => {
    if (last.current !== undefined && last.current !== state) {
      focusIfLost(() => (find === undefined ? target.current : find()));
    }
    last.current = state;
  });
  return target;
}

/** Where nothing has it, or what the browser is about to take it from: it does so some time after that cannot be used. */
export function focusIfLost(find: () => HTMLElement | null | undefined): void {
  const focused = document.activeElement;
  if (focused === document.body || focused?.matches(":disabled")) {
    find()?.focus({ preventScroll: true });
  }
}
