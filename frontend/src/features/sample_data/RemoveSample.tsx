import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";

import { actFor } from "@/api/acting";
import { client } from "@/api/client";
import { useWords } from "@/i18n/words";
import { useTellDone } from "@/ui/done";
import { useTellProblem } from "@/ui/notify";
import { useMay } from "@/ui/role";

/** Leaves the sample for one's own account, and removes it for everybody. */
export function RemoveSample({ onGone }: { onGone: () => void }) {
  const { t } = useWords();
  const may = useMay("admin");
  const tellDone = useTellDone();
  const tell = useTellProblem();
  const remove = useMutation({
    mutationFn: async () => {
      const { data: sample } = await client.GET("/api/v1/sample-data");
      await actFor(sample?.own_account_id ?? 0);
      await client.DELETE("/api/v1/sample-data");
    },
    onSuccess: () => {
      tellDone(t("sample.removed"));
      onGone();
    },
    onError: tell,
  });
  return may === true ? (
    <Button size="compact-sm" variant="default" loading={remove.isPending} onClick={() => remove.mutate()}>
      {t("sample.remove")}
    </Button>
  ) : null;
}
