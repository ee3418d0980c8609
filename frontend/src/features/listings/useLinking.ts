import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useRef, useState } from "react";

import { client, type Schemas } from "@/api/client";
import type { Sentence } from "@/api/sentence";
import { useWords } from "@/i18n/words";
import { useTellDone } from "@/ui/done";
import { useTellProblem } from "@/ui/notify";

export interface Pair {
  listing_id: number;
  variant_id: number;
}

type Verdict = Pick<Schemas["Verdict"], "listing_id" | "problem" | "problem_said">;

async function askUnlinked(ids: readonly number[]): Promise<Verdict[]> {
  const { data } = await client.POST("/api/v1/listings/unlinks", { body: { listing_ids: [...ids] } });
  return data?.items ?? [];
}

async function askReopened(ids: readonly number[]): Promise<Verdict[]> {
  const { data } = await client.POST("/api/v1/listings/reopened", { body: { listing_ids: [...ids] } });
  return data?.items ?? [];
}

/** Links at once on the screen, then at the API; what is refused comes back, and says why. What is undone is as it
 *  was: left unlinked where all of the list is, waiting otherwise. */
export function useLinking(apart: boolean) {
  const { t } = useWords();
  const done = useTellDone();
  const tell = useTellProblem();
  const queries = useQueryClient();
  const [gone, setGone] = useState<ReadonlySet<number>>(new Set());
  const [problems, setProblems] = useState<ReadonlyMap<number, Sentence>>(new Map());
  const undoes = useRef<(() => void) | null>(null);

  const hide = useCallback((ids: readonly number[]) => setGone((before) => new Set([...before, ...ids])), []);
  const bring = useCallback((ids: readonly number[]) => {
    const back = new Set(ids);
    setGone((before) => new Set([...before].filter((id) => !back.has(id))));
  }, []);

  const look = useCallback(
    () =>
      Promise.all(
        ["/api/v1/connections", "/api/v1/first-steps"].map((path) =>
          queries.invalidateQueries({ queryKey: ["get", path] }),
        ),
      ),
    [queries],
  );
  const takeBack = useCallback(
    async (ids: readonly number[]) => {
      try {
        await (apart ? askUnlinked(ids) : askReopened(ids));
        bring(ids);
      } catch (error) {
        tell(error);
      }
      await look();
    },
    [apart, bring, look, tell],
  );

  const run = useCallback(
    async (
      ids: readonly number[],
      ask: () => Promise<Verdict[]>,
      words: (count: number) => string,
    ) => {
      hide(ids);
      setProblems((before) => new Map([...before].filter(([id]) => !ids.includes(id))));
      try {
        const verdicts = await ask();
        const refused = verdicts.filter((verdict) => verdict.problem !== "");
        const taken = verdicts.filter((verdict) => verdict.problem === "").map((verdict) => verdict.listing_id);
        bring(refused.map((verdict) => verdict.listing_id));
        const why = refused.map((each) => [each.listing_id, { text: each.problem, ...each.problem_said }] as const);
        setProblems((before) => new Map([...before, ...why]));
        if (taken.length > 0) {
          let isUndone = false;
          const once = () => {
            if (undoes.current === once) {
              undoes.current = null;
            }
            if (!isUndone) {
              isUndone = true;
              void takeBack(taken);
            }
          };
          undoes.current = once;
          done(words(taken.length), once);
        }
      } catch (error) {
        bring(ids);
        tell(error);
      }
      await look();
    },
    [bring, done, hide, look, takeBack, tell],
  );

  const link = useCallback(
    (pairs: readonly Pair[]) =>
      run(
        pairs.map((pair) => pair.listing_id),
        async () => {
          const { data } = await client.POST("/api/v1/listings/links", { body: { links: [...pairs] } });
          return data?.items ?? [];
        },
        (count) => t("matching.linked", { count }),
      ),
    [run, t],
  );
  const make = useCallback(
    (ids: readonly number[]) =>
      run(
        ids,
        async () => {
          const { data } = await client.POST("/api/v1/listings/variants", { body: { listing_ids: [...ids] } });
          return data?.items ?? [];
        },
        (count) => t("matching.made", { count }),
      ),
    [run, t],
  );
  /** They stay unlinked, which is a decision too. */
  const keepApart = useCallback(
    (ids: readonly number[]) =>
      run(
        ids,
        () => askUnlinked(ids),
        (count) => t("matching.keptApart", { count }),
      ),
    [run, t],
  );
  const undoLast = useCallback(() => undoes.current?.(), []);
  return { gone, problems, link, make, keepApart, undoLast };
}
