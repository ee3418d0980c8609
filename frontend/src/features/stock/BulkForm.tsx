import { Button, Group, Modal, Select, Stack, TextInput } from "@mantine/core";
import { useState } from "react";

import { useWords } from "@/i18n/words";
import { MorePlaces } from "@/ui/MorePlaces";
import { NumberField } from "@/ui/NumberField";
import { type Entered, isUncertain, wholeOf } from "@/ui/numbers";

import { type Reason, REASONS } from "./changes";
import type { Place } from "./columns";
import { adjustAll, type Job, moveAll, setThresholds } from "./jobs";
import type { Row } from "./useStockPages";

export type BulkKind = "adjust" | "move" | "threshold";

const MOST = 999_999_999;
const LONGEST_NOTE = 500;

interface Props {
  kind: BulkKind;
  rows: readonly Row[];
  places: readonly Place[];
  onBegin: (job: Job) => void;
  onClose: () => void;
}

/** What is to be done, to each of the rows. */
export function BulkForm({ kind, rows, places, onBegin, onClose }: Props) {
  const { t } = useWords();
  const [from, setFrom] = useState(places[0]?.id);
  const [to, setTo] = useState(places[1]?.id);
  const [units, setUnits] = useState<Entered>(kind === "move" ? 1 : "");
  const [reason, setReason] = useState<Reason>("received");
  const [note, setNote] = useState("");
  const job = jobOf();
  function jobOf(): Job | null {
    if (isUncertain(units)) return null;
    const number = wholeOf(units);
    const place = places.find(({ id }) => id === from);
    if (kind === "threshold") return setThresholds(rows, number);
    if (number === null || number === 0 || place === undefined) return null;
    if (kind === "adjust") return adjustAll(rows, { place, delta: number, reason, note: note.trim() });
    return to === undefined || to === from ? null : moveAll(rows, place.id, to, number, note.trim());
  }
  return (
    <Modal
      opened
      onClose={onClose}
      title={t(`bulk.${kind}.title`, { count: rows.length })}
      closeButtonProps={{ "aria-label": t("action.close") }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (job !== null) onBegin(job);
        }}
      >
        <Stack gap="sm">
          {kind === "threshold" || places.length < 2 ? null : (
            <PlaceSelect
              label={t(kind === "move" ? "bulk.from" : "stock.place")}
              places={places}
              value={from}
              onChange={setFrom}
            />
          )}
          {kind === "move" ? (
            <PlaceSelect label={t("bulk.to")} places={places} value={to} onChange={setTo} />
          ) : null}
          {kind === "threshold" ? null : <MorePlaces />}
          <NumberField
            data-autofocus
            label={t(`bulk.${kind}.units`)}
            description={t(`bulk.${kind}.hint`)}
            value={units}
            onChange={setUnits}
            min={kind === "adjust" ? -MOST : kind === "move" ? 1 : 0}
            max={MOST}
          />
          {kind === "adjust" ? (
            <Select
              label={t("stock.reason")}
              data={REASONS.map((value) => ({ value, label: t(`stock.reason.${value}`) }))}
              value={reason}
              allowDeselect={false}
              onChange={(value) => setReason(value as Reason)}
            />
          ) : null}
          {kind === "threshold" ? null : (
            <TextInput
              label={t("stock.note")}
              value={note}
              maxLength={LONGEST_NOTE}
              onChange={(event) => setNote(event.currentTarget.value)}
            />
          )}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {t("action.cancel")}
            </Button>
            <Button type="submit" disabled={job === null}>
              {t("bulk.go", { count: rows.length })}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

interface PlaceSelectProps {
  label: string;
  places: readonly Place[];
  value: number | undefined;
  onChange: (id: number) => void;
}

function PlaceSelect({ label, places, value, onChange }: PlaceSelectProps) {
  return (
    <Select
      label={label}
      data={places.map(({ id, name }) => ({ value: String(id), label: name }))}
      value={value === undefined ? null : String(value)}
      allowDeselect={false}
      onChange={(chosen) => onChange(Number(chosen))}
    />
  );
}
