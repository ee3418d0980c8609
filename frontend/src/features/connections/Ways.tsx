import { SegmentedControl } from "@mantine/core";

import { useWords } from "@/i18n/words";

import type { ConfigField } from "./config";

export type Way = "consent" | "keys";

/** By which of two ways a shop is connected, where its platform takes keys as well. */
export function Ways({ way, onChange }: { way: Way; onChange: (way: Way) => void }) {
  const { t } = useWords();
  return (
    <SegmentedControl
      aria-label={t("connect.way")}
      fullWidth
      value={way}
      onChange={(value) => onChange(value as Way)}
      data={[
        { value: "consent", label: t("connect.way.consent") },
        { value: "keys", label: t("connect.way.keys") },
      ]}
    />
  );
}

export function takesKeys(fields: readonly ConfigField[]): boolean {
  return fields.some(({ secret }) => secret);
}

/** What is asked for: who pastes keys pastes all of them, who agrees in the shop none. */
export function fieldsFor(way: Way, fields: readonly ConfigField[]): ConfigField[] {
  return way === "keys"
    ? fields.map((field) => (field.secret ? { ...field, required: true } : field))
    : fields.filter(({ secret }) => !secret);
}
