import { notifications } from "@mantine/notifications";
import { useCallback } from "react";

import { problemOf } from "@/api/problem";
import { useWords } from "@/i18n/words";

import { useInWords } from "./problems";

/** Tells that something which the user began did not work. */
export function useTellProblem(): (error: unknown) => void {
  const { t } = useWords();
  const inWords = useInWords();
  return useCallback(
    (error: unknown) => {
      const { title, remedy } = inWords(problemOf(error));
      notifications.show({
        color: "red",
        title,
        message: remedy,
        closeButtonProps: { "aria-label": t("action.close") },
        withBorder: true,
        autoClose: 12_000,
      });
    },
    [t, inWords],
  );
}
