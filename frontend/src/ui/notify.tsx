import { notifications } from "@mantine/notifications";
import { useCallback } from "react";

import { problemOf } from "@/api/problem";
import { useWords } from "@/i18n/words";

/** Tells that something which the user began did not work. */
export function useTellProblem(): (error: unknown) => void {
  const { t, known } = useWords();
  return useCallback(
    (error: unknown) => {
      const problem = problemOf(error);
      notifications.show({
        color: "red",
        title: known(`problem.${problem.code}`) ?? t("problem.http"),
        message: known(`problem.${problem.code}.remedy`) ?? problem.message,
        closeButtonProps: { "aria-label": t("action.close") },
        withBorder: true,
        autoClose: 12_000,
      });
    },
    [t, known],
  );
}
