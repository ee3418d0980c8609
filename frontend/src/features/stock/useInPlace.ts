import { type RefObject, useRef, useState } from "react";
import { flushSync } from "react-dom";

interface InPlace {
  isOpen: boolean;
  open: () => void;
  close: () => void;
  /** Of the button that opens. */
  button: RefObject<HTMLButtonElement | null>;
}

/** A form that opens in the place of what it changes. The button that opened it has the focus again afterwards. */
export function useInPlace(): InPlace {
  const [isOpen, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  return {
    isOpen,
    open: () => setOpen(true),
    close: () => {
      flushSync(() => setOpen(false));
      button.current?.focus();
    },
    button,
  };
}
