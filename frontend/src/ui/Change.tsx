import { Text, VisuallyHidden } from "@mantine/core";

import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";

interface Props {
  from: number | null;
  to: number | null;
}

/** A number before and after, and by how much it differs, if it does. To zero stands out: nothing is for sale then. */
export function Change({ from, to }: Props) {
  const { t } = useWords();
  const format = useFormat();
  const by = from === null || to === null ? 0 : to - from;
  const told = (value: number | null) => (value === null ? "–" : format.number(value));
  if (from === to) {
    return (
      <Text span size="sm">
        {told(from)}
      </Text>
    );
  }
  return (
    <Text span size="sm" style={{ whiteSpace: "nowrap" }}>
      {told(from)} <span aria-hidden="true">→</span>
      <VisuallyHidden>{t("change.to")}</VisuallyHidden>{" "}
      <Text span inherit fw={650} {...(to === 0 && by !== 0 ? { style: { color: "var(--mantine-color-error)" } } : {})}>
        {told(to)}
      </Text>
      {by === 0 ? null : (
        <Text span inherit c="dimmed">
          {" "}
          ({format.number(by, { signDisplay: "always" })})
        </Text>
      )}
    </Text>
  );
}
