import type { ApiProblem } from "@/api/problem";
import { useWords } from "@/i18n/words";

/** Words for a problem by its code. What has none of its own gets the API's. */
export function useProblemWords(problem: ApiProblem): ProblemWords {
  return wordsOf(problem, useWords());
}

interface ProblemWords {
  title: string;
  remedy: string;
}

export function wordsOf(problem: ApiProblem, { t, known }: Pick<ReturnType<typeof useWords>, "t" | "known">): ProblemWords {
  const seconds = problem.retryAfter ?? 0;
  const remedy =
    seconds > 0 ? known(`problem.${problem.code}.wait`, { count: Math.ceil(seconds / 60) }) : null;
  return {
    title: known(`problem.${problem.code}`) ?? t("problem.http"),
    remedy: remedy ?? known(`problem.${problem.code}.remedy`) ?? (problem.message || t("problem.http.remedy")),
  };
}
