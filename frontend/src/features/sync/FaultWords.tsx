import { Text } from "@mantine/core";

import type { Schemas } from "@/api/client";
import { useWords } from "@/i18n/words";
import { Said } from "@/ui/Said";

/** What to do about what went wrong in a run, and in whose words it did. */
export function FaultWords({ run }: { run: Schemas["Run"] }) {
  const { known } = useWords();
  return (
    <div>
      <Text size="sm">{known(`remedy.${run.code}`) ?? run.suggestion}</Text>
      {run.error === "" ? null : (
        <Text size="sm" mt={4} c="dimmed">
          <Said line={{ text: run.error, ...run.error_said }} />
        </Text>
      )}
    </div>
  );
}
