import type { ApiProblem } from "@/api/problem";
import { useWords } from "@/i18n/words";

import { useSay } from "./Said";

/** Words for a problem by its code. What has none of its own gets the API's. */
export function useProblemWords(problem: ApiProblem): ProblemWords {
  return wordsOf(problem, useWords());
}

/** What is wrong with which of the named fields, as a form takes it. */
export function useFieldErrors(): (problem: ApiProblem, ...names: string[]) => Record<string, string | null> {
  const say = useSay();
  return (problem, ...names) =>
    Object.fromEntries(
      names.map((name) => {
        const found = problem.field(name);
        return [name, found === null ? null : say(found)];
      }),
    );
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
