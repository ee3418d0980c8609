import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";

import { api } from "@/api/client";
import { useWords } from "@/i18n/words";

import { useTellProblem } from "./notify";
import { For } from "./role";

/** Ends the emergency stop. */
export function AllowWrites() {
  const { t } = useWords();
  const tell = useTellProblem();
  const queries = useQueryClient();
  const allow = api.useMutation("post", "/api/v1/account/allow-writes", {
    onSuccess: () => queries.invalidateQueries(),
    onError: tell,
  });
  return (
    <For least="admin">
      <Button size="xs" variant="default" loading={allow.isPending} onClick={() => allow.mutate({})}>
        {t("attention.writes_stopped.do")}
      </Button>
    </For>
  );
}
