import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";

import { useWords } from "@/i18n/words";
import { useTellDone } from "@/ui/done";
import { useTellProblem } from "@/ui/notify";

import { refresh } from "./changes";
import { type Job, run } from "./jobs";
import { Running } from "./Running";
import type { Row } from "./useStockPages";

/** Begins jobs, and what shows how far one is; what was done can be taken back for a while. */
export function useJob(): { begin: (job: Job) => void; running: ReactNode } {
  const { t } = useWords();
  const [job, setJob] = useState<Job | null>(null);
  const tellDone = useTellDone();
  const takeBack = useTakeBack();
  const ended = (did: Row[], of: Job) => {
    setJob(null);
    if (did.length > 0) {
      tellDone(t("bulk.done", { count: did.length }), () => takeBack(did, of));
    }
  };
  return { begin: setJob, running: job === null ? null : <Running job={job} onEnd={(did) => ended(did, job)} /> };
}

/** Wherever the user is by then. */
function useTakeBack(): (did: readonly Row[], job: Job) => void {
  const { t } = useWords();
  const queries = useQueryClient();
  const tell = useTellProblem();
  return (did, job) => {
    const id = notifications.show({ message: t("bulk.undoing"), loading: true, autoClose: false, withBorder: true });
    void run(did, job.back, () => undefined, new AbortController().signal).then(({ refused: [first] }) => {
      notifications.hide(id);
      void refresh(queries);
      if (first !== undefined) tell(first.problem);
    });
  };
}
