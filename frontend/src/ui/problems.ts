import { useCallback } from "react";

import type { ApiProblem } from "@/api/problem";
import { useWords } from "@/i18n/words";

import { useSay } from "./Said";

/** Refusals of which only the API knows the reason: it stands in place of the remedy, unless fields have theirs. */
const WITH_REASON = new Set(["conflict", "invalid_input", "variant_in_use"]);

/** Words for a problem by its code. What has none of its own gets the API's. */
export function useProblemWords(problem: ApiProblem): ProblemWords {
  return useInWords()(problem);
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

/** The same for whoever meets problems later. */
export function useInWords(): (problem: ApiProblem) => ProblemWords {
  const { t, known, language } = useWords();
  const say = useSay();
  return useCallback(
    (problem) => {
      const { code, retryAfter, sentence } = problem;
      const seconds = retryAfter ?? 0;
      const wait = seconds > 0 ? known(`problem.${code}.wait`, { count: Math.ceil(seconds / 60) }) : null;
      const isSayable = sentence.code !== undefined || (language === "en" && sentence.text !== "");
      const hasReason = WITH_REASON.has(code) && Object.keys(problem.errors).length === 0;
      const reason = hasReason && isSayable ? say(sentence) : null;
      return {
        title: known(`problem.${code}`) ?? t("problem.http"),
        remedy: wait ?? reason ?? known(`problem.${code}.remedy`) ?? (problem.message || t("problem.http.remedy")),
      };
    },
    [t, known, language, say],
  );
}
