import { Button, Group, List, Modal, Progress, Stack, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";

import { useWords } from "@/i18n/words";
import { useProblemWords } from "@/ui/problems";
import { Said } from "@/ui/Said";

import { refresh } from "./changes";
import { type Job, type Refused, run } from "./jobs";
import type { Row } from "./useStockPages";

/** How far it is; what was refused, and why; or nothing more once all is done. */
export function Running({ job, onEnd }: { job: Job; onEnd: (did: Row[]) => void }) {
  const { t } = useWords();
  const queries = useQueryClient();
  const [done, setDone] = useState(0);
  const [ended, setEnded] = useState<{ did: Row[]; refused: Refused[] } | null>(null);
  const stop = useRef<AbortController>(null);
  const end = useRef(onEnd);
  useEffect(() => {
    const stopping = new AbortController();
    stop.current = stopping;
    void run(job.rows, job.each, setDone, stopping.signal).then((outcome) => {
      void refresh(queries);
      if (outcome.refused.length === 0) {
        end.current(outcome.did);
      } else {
        setEnded(outcome);
      }
    });
  }, [job, queries]);
  const close = () => (ended === null ? stop.current?.abort() : onEnd(ended.did));
  return (
    <Modal
      opened
      onClose={close}
      title={t(ended === null ? "bulk.running" : "bulk.refused")}
      closeOnClickOutside={false}
      closeButtonProps={{ "aria-label": t("action.close") }}
    >
      <Stack gap="md">
        {ended === null ? (
          <Progress
            value={(100 * done) / job.rows.length}
            aria-label={t("bulk.running")}
            transitionDuration={100}
          />
        ) : (
          <List size="sm" spacing={4} mah={300} style={{ overflow: "auto" }} tabIndex={0}>
            {ended.refused.map((each) => (
              <List.Item key={each.row.variant_id}>
                <Why refused={each} />
              </List.Item>
            ))}
          </List>
        )}
        <Group justify="space-between">
          <Text size="sm" aria-live="polite">
            {t("bulk.progress", { done, all: job.rows.length })}
          </Text>
          <Button variant="default" onClick={close}>
            {t(ended === null ? "bulk.stop" : "action.close")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

function Why({ refused: { row, problem } }: { refused: Refused }) {
  const { title } = useProblemWords(problem);
  return (
    <>
      <Text span fw={600} size="sm">
        {row.sku ?? row.title}
      </Text>
      {": "}
      {title} <Said line={problem.sentence} />
    </>
  );
}
