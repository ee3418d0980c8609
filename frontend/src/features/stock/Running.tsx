import { Button, Group, List, Modal, Progress, Stack, Text } from "@mantine/core";

import { useWords } from "@/i18n/words";
import { useProblemWords } from "@/ui/problems";
import { Said } from "@/ui/Said";

import type { Refused } from "./jobs";

interface Props {
  done: number;
  all: number;
  /** None while it runs. */
  refused: readonly Refused[] | null;
  /** Stops what runs. */
  onClose: () => void;
}

/** How far a job is; what was refused, and why. */
export function Running({ done, all, refused, onClose }: Props) {
  const { t } = useWords();
  return (
    <Modal
      opened
      onClose={onClose}
      title={t(refused === null ? "bulk.running" : "bulk.refused")}
      closeOnClickOutside={false}
      closeButtonProps={{ "aria-label": t("action.close") }}
    >
      <Stack gap="md">
        {refused === null ? (
          <Progress value={(100 * done) / all} aria-label={t("bulk.running")} transitionDuration={100} />
        ) : (
          <RefusedList refused={refused} />
        )}
        <Group justify="space-between">
          <Text size="sm" aria-live="polite">
            {t("bulk.progress", { done, all })}
          </Text>
          <Button variant="default" onClick={onClose}>
            {t(refused === null ? "bulk.stop" : "action.close")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

export function RefusedList({ refused }: { refused: readonly Refused[] }) {
  return (
    <List size="sm" spacing={4} mah={300} style={{ overflow: "auto" }} tabIndex={0}>
      {refused.map((each) => (
        <List.Item key={each.row.variant_id}>
          <Why refused={each} />
        </List.Item>
      ))}
    </List>
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
