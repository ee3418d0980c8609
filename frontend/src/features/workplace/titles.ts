import { useCallback } from "react";

import { useWords } from "@/i18n/words";

import { hasSpan, type Widget } from "./arrange";

/** What a widget is called: as its owner called it, else by what it shows. */
export function useTitle(): (widget: Widget) => string {
  const { t } = useWords();
  return useCallback((widget) => widget.options.title || t(`widget.${widget.kind}`), [t]);
}

/** Of which days it tells, if of any. */
export function useSpanWords(): (widget: Widget) => string | null {
  const { t } = useWords();
  return useCallback(
    (widget) => (hasSpan(widget.kind) ? t("widget.days", { count: widget.options.days ?? 30 }) : null),
    [t],
  );
}
