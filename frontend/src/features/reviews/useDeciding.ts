import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useState } from "react";

import { client, type Schemas } from "@/api/client";
import { ApiProblem } from "@/api/problem";
import { useWords } from "@/i18n/words";
import { useTellDone } from "@/ui/done";
import { useTellProblem } from "@/ui/notify";

export type Review = Schemas["Review"];
export type Choice = Review["choices"][number]["choice"];

/** The most that the API takes at once. */
const AT_ONCE = 100;

/** Decides at once on the screen, then at the API; what was not taken comes back, and says why. */
export function useDeciding() {
  const { t } = useWords();
  const done = useTellDone();
  const tell = useTellProblem();
  const queries = useQueryClient();
  const [gone, setGone] = useState<ReadonlySet<number>>(new Set());
  const [refusals, setRefusals] = useState<ReadonlyMap<number, ApiProblem>>(new Map());

  const decide = useCallback(
    async (reviews: readonly Review[], choice: Choice) => {
      const ids = reviews.map((review) => review.id);
      setGone((before) => new Set([...before, ...ids]));
      const back = (some: readonly number[]) =>
        setGone((before) => new Set([...before].filter((id) => !some.includes(id))));
      let decided = 0;
      for (let from = 0; from < reviews.length; from += AT_ONCE) {
        const some = reviews.slice(from, from + AT_ONCE);
        try {
          const { data } = await client.POST("/api/v1/reviews/decisions", {
            body: { decisions: some.map(({ id, quantity }) => ({ review_id: id, choice, quantity })) },
          });
          const refused = (data?.items ?? []).filter((outcome) => !outcome.decided);
          decided += some.length - refused.length;
          back(refused.map((outcome) => outcome.review_id));
          setRefusals((before) => new Map([...before, ...refused.map((each) => [each.review_id, problemOf(each)] as const)]));
        } catch (error) {
          back(reviews.slice(from).map((review) => review.id));
          tell(error);
          break;
        }
      }
      if (decided > 0) {
        done(t("reviews.decided", { count: decided }));
      }
      await Promise.all(
        ["/api/v1/reviews", "/api/v1/stock", "/api/v1/dashboard/overview"].map((path) =>
          queries.invalidateQueries({ queryKey: ["get", path] }),
        ),
      );
    },
    [done, queries, t, tell],
  );
  return { gone, refusals, decide };
}

function problemOf({ code, message, message_said }: Schemas["Outcome"]): ApiProblem {
  return new ApiProblem(code, 0, message, {}, null, null, message_said ?? undefined);
}
