import { type FocusEvent, type RefObject, useRef } from "react";

import { useFocusKept } from "@/ui/useFocusKept";

/** The focus of a card that was decided goes to the one in its place, of the last one to the last that is left, and
 *  to the heading after all of them. */
export function useNextCard(cards: readonly { id: number }[], heading: RefObject<HTMLElement | null>) {
  const list = useRef<HTMLDivElement>(null);
  /** Which card has the focus, or had it when it went away. */
  const at = useRef<number | null>(null);
  const next = () => {
    if (at.current === null) {
      return null;
    }
    const left = [...(list.current?.children ?? [])] as HTMLElement[];
    const found = left[Math.min(at.current, left.length - 1)] ?? heading.current;
    at.current = null;
    return found;
  };
  useFocusKept(cards.map(({ id }) => id).join(), next);
  return {
    list: {
      ref: list,
      onFocus: ({ target }: FocusEvent) => {
        at.current = [...(list.current?.children ?? [])].findIndex((card) => card.contains(target));
      },
      onBlur: () => {
        at.current = null;
      },
    },
    /** Many were decided, from outside of the cards. */
    goToFirst: () => {
      at.current = 0;
    },
    go: () => next()?.focus(),
  };
}
