import { TextInput } from "@mantine/core";

import { useWords } from "@/i18n/words";

interface Props {
  from: string | undefined;
  to: string | undefined;
  onChange: (changes: { from?: string; to?: string }) => void;
}

/** From which day on and up to which one, both of them included. */
export function Dates({ from = "", to = "", onChange }: Props) {
  const { t } = useWords();
  return (
    <>
      <TextInput
        type="date"
        label={t("filters.from")}
        value={from}
        max={to}
        onChange={(event) => onChange({ from: event.currentTarget.value })}
      />
      <TextInput
        type="date"
        label={t("filters.to")}
        value={to}
        min={from}
        error={from !== "" && to !== "" && to < from ? t("filters.to.before") : undefined}
        onChange={(event) => onChange({ to: event.currentTarget.value })}
      />
    </>
  );
}
