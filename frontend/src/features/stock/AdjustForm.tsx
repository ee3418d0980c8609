import { Button, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";

import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { MorePlaces } from "@/ui/MorePlaces";
import { NumberField } from "@/ui/NumberField";
import { type Entered, wholeOf } from "@/ui/numbers";

import { type Adjustment, type Reason, REASONS } from "./changes";
import type { Place } from "./columns";
import type { Row } from "./useStockPages";

const MOST = 999_999_999;
const LONGEST_NOTE = 500;

interface Props {
  of: Pick<Row, "variant_id" | "sku" | "title" | "levels">;
  places: readonly Place[];
  /** The place that is meant, where one is. */
  at?: number;
  onAdjust: (change: Adjustment) => void;
  onClose: () => void;
}

/** What is on hand at a place is said anew; the difference is booked. */
export function AdjustForm({ of, places, at, onAdjust, onClose }: Props) {
  const { t } = useWords();
  const format = useFormat();
  const fullest = [...of.levels].sort((one, other) => other.on_hand - one.on_hand)[0];
  const [placeId, setPlaceId] = useState(at ?? fullest?.location_id ?? places[0]?.id);
  const [reason, setReason] = useState<Reason>("correction");
  const [note, setNote] = useState("");
  const level = of.levels.find((each) => each.location_id === placeId);
  const before = level?.on_hand ?? 0;
  const committed = level?.committed ?? 0;
  /** What is typed; null until something is: the number may move beneath the form. */
  const [after, setAfter] = useState<Entered | null>(null);
  const place = places.find((each) => each.id === placeId);
  const units = wholeOf(after ?? before);
  const delta = units === null ? 0 : units - before;
  const submit = () => {
    if (place !== undefined && delta !== 0) {
      onAdjust({ variantId: of.variant_id, name: of.sku ?? of.title, place, delta, reason, note: note.trim() });
      onClose();
    }
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <Stack gap="sm">
        {places.length > 1 ? (
          <Select
            label={t("stock.place")}
            data={places.map(({ id, name }) => ({ value: String(id), label: name }))}
            value={String(placeId)}
            allowDeselect={false}
            comboboxProps={{ withinPortal: false }}
            onChange={(value) => {
              setPlaceId(Number(value));
              setAfter(null);
            }}
          />
        ) : null}
        <MorePlaces />
        <NumberField
          data-autofocus
          label={t("stock.adjust.onHand")}
          description={committed === 0 ? null : t("stock.adjust.hint", { count: committed })}
          value={after ?? before}
          onChange={setAfter}
          onFocus={(event) => event.currentTarget.select()}
          min={-MOST}
          max={MOST}
        />
        <Select
          label={t("stock.reason")}
          data={REASONS.map((value) => ({ value, label: t(`stock.reason.${value}`) }))}
          value={reason}
          allowDeselect={false}
          comboboxProps={{ withinPortal: false }}
          onChange={(value) => setReason(value as Reason)}
        />
        <TextInput
          label={t("stock.note")}
          value={note}
          maxLength={LONGEST_NOTE}
          onChange={(event) => setNote(event.currentTarget.value)}
        />
        <Group justify="space-between">
          <Text size="sm" c="dimmed" aria-live="polite">
            {delta === 0 ? t("stock.adjust.same") : format.number(delta, { signDisplay: "always" })}
          </Text>
          <Group gap="xs">
            <Button variant="default" size="xs" onClick={onClose}>
              {t("action.cancel")}
            </Button>
            <Button type="submit" size="xs" disabled={delta === 0 || place === undefined}>
              {t("action.save")}
            </Button>
          </Group>
        </Group>
      </Stack>
    </form>
  );
}
