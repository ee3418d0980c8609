import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useEffectEvent, useRef, useState } from "react";

import { useWords } from "@/i18n/words";
import { useTellDone } from "@/ui/done";

import { refresh } from "./changes";
import { type Job, type Outcome, type Refused, run } from "./jobs";
import { RefusedList, Running } from "./Running";
import type { Row } from "./useStockPages";

interface Progress {
  job: Job;
  done: number;
  stopping: AbortController;
  /** None while it runs. */
  outcome: Outcome | null;
}

/** Long enough to read it elsewhere. */
const REFUSED_MS = 60_000;

/** Begins jobs, and what shows how far one is; what was done can be taken back for a while. Whoever leaves meanwhile is
 *  told wherever they are by then. */
export function useJob(): { begin: (job: Job) => void; running: ReactNode } {
  const { t } = useWords();
  const queries = useQueryClient();
  const tellDone = useTellDone();
  const tellRefused = useTellRefused();
  const takeBack = useTakeBack();
  const [progress, setProgress] = useState<Progress | null>(null);
  const tellDid = (job: Job, did: Row[]) => {
    if (did.length > 0) {
      tellDone(t("bulk.done", { count: did.length }), () => takeBack(did, job));
    }
  };
  const isShown = useRef(false);
  const leave = useEffectEvent(() => {
    if (progress !== null && progress.outcome !== null) {
      tellDid(progress.job, progress.outcome.did);
    }
  });
  useEffect(() => {
    isShown.current = true;
    return () => {
      isShown.current = false;
      leave();
    };
  }, []);
  const begin = (job: Job) => {
    const stopping = new AbortController();
    const show = (done: number, outcome: Outcome | null = null) => setProgress({ job, done, stopping, outcome });
    show(0);
    void run(job.rows, job.each, show, stopping.signal).then((outcome) => {
      const { did, refused } = outcome;
      void refresh(queries);
      if (refused.length > 0 && isShown.current) {
        show(did.length + refused.length, outcome);
        return;
      }
      setProgress(null);
      tellRefused(refused);
      tellDid(job, did);
    });
  };
  const close = ({ job, stopping, outcome }: Progress) => {
    if (outcome === null) {
      stopping.abort();
    } else {
      setProgress(null);
      tellDid(job, outcome.did);
    }
  };
  return {
    begin,
    running:
      progress === null ? null : (
        <Running
          done={progress.done}
          all={progress.job.rows.length}
          refused={progress.outcome?.refused ?? null}
          onClose={() => close(progress)}
        />
      ),
  };
}

/** Wherever the user is by then. */
function useTakeBack(): (did: readonly Row[], job: Job) => void {
  const { t } = useWords();
  const queries = useQueryClient();
  const tellRefused = useTellRefused();
  return (did, job) => {
    const id = notifications.show({ message: t("bulk.undoing"), loading: true, autoClose: false, withBorder: true });
    void run(did, job.back, () => undefined, new AbortController().signal).then(({ refused }) => {
      notifications.hide(id);
      void refresh(queries);
      tellRefused(refused);
    });
  };
}

function useTellRefused(): (refused: readonly Refused[]) => void {
  const { t } = useWords();
  return (refused) => {
    if (refused.length > 0) {
      notifications.show({
        color: "red",
        title: t("bulk.refused"),
        message: <RefusedList refused={refused} />,
        closeButtonProps: { "aria-label": t("action.close") },
        withBorder: true,
        autoClose: REFUSED_MS,
      });
    }
  };
}
