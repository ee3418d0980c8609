import { useEffect, useState } from "react";

/** What had the focus as this came has it again once this is gone. Mantine's own needs a dialog that was there before it
 *  opened. */
export function useFocusReturned(): void {
  const [focused] = useState(() => document.activeElement);
  useEffect(
    () => () => {
      if (focused instanceof HTMLElement) {
        focused.focus();
      }
    },
    [focused],
  );
}
