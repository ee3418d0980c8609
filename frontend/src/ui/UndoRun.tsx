import { Button, type MantineSize, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api } from "@/api/client";
import { useWords } from "@/i18n/words";

import { Confirm } from "./Confirm";
import { useTellDone } from "./done";
import { useTellProblem } from "./notify";
import { useMay } from "./role";

/** Takes back what a shop's numbers did to the stock during a run, once that was agreed to. */
export function UndoRun({ runId, size = "xs" }: { runId: number; size?: MantineSize }) {
  const { t } = useWords();
  const may = useMay("admin");
  const tell = useTellProblem();
  const done = useTellDone();
  const queries = useQueryClient();
  const [asking, setAsking] = useState(false);
  const undo = api.useMutation("post", "/api/v1/sync/runs/{run_id}/undo", {
    onSuccess: async (undone) => {
      done(t("undo.done", { count: undone?.movements ?? 0 }));
      await queries.invalidateQueries();
    },
    onError: tell,
    onSettled: () => setAsking(false),
  });
  return may ? (
    <>
      <Button size={size} variant="default" onClick={() => setAsking(true)}>
        {t("undo.do")}
      </Button>
      <Confirm
        opened={asking}
        title={t("undo.ask")}
        action={t("undo.do")}
        danger
        busy={undo.isPending}
        onConfirm={() => undo.mutate({ params: { path: { run_id: runId } } })}
        onClose={() => setAsking(false)}
      >
        <Text size="sm">{t("undo.ask.what")}</Text>
      </Confirm>
    </>
  ) : null;
}
