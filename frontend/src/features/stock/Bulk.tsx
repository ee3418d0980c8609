import { Button, Group, Paper, Text } from "@mantine/core";
import { useState } from "react";

import { useWords } from "@/i18n/words";

import { BulkForm, type BulkKind } from "./BulkForm";
import type { Place } from "./columns";
import { archiveAll } from "./jobs";
import classes from "./Stock.module.css";
import { useJob } from "./useJob";
import type { Row } from "./useStockPages";

interface Props {
  rows: readonly Row[];
  places: readonly Place[];
  onClear: () => void;
}

/** What can be done to all that is selected. */
export function Bulk({ rows, places, onClear }: Props) {
  const { t } = useWords();
  const [asking, setAsking] = useState<BulkKind | null>(null);
  const { begin, running } = useJob();
  const kinds = (["adjust", "move", "threshold"] as const).filter((kind) => kind !== "move" || places.length > 1);
  return (
    <>
      {rows.length === 0 ? null : (
        <Paper withBorder p="xs" role="region" aria-label={t("bulk.label")} className={classes["bulk"]}>
          <Group gap="xs">
            <Text size="sm" fw={600} aria-live="polite">
              {t("bulk.selected", { count: rows.length })}
            </Text>
            <div className={classes["bulkActions"]}>
              {kinds.map((kind) => (
                <Button key={kind} size="xs" variant="default" onClick={() => setAsking(kind)}>
                  {t(`bulk.${kind}`)}
                </Button>
              ))}
              <Button size="xs" variant="default" onClick={() => begin(archiveAll(rows))}>
                {t("bulk.archive")}
              </Button>
            </div>
            <Button size="xs" variant="subtle" className={classes["bulkClear"]} onClick={onClear}>
              {t("bulk.clear")}
            </Button>
          </Group>
        </Paper>
      )}
      {asking === null ? null : (
        <BulkForm
          kind={asking}
          rows={rows}
          places={places}
          onBegin={(job) => {
            setAsking(null);
            begin(job);
          }}
          onClose={() => setAsking(null)}
        />
      )}
      {running}
    </>
  );
}
