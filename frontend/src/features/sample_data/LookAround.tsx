import { Button, Text } from "@mantine/core";

import { api, type Schemas } from "@/api/client";
import { useWords } from "@/i18n/words";
import { useTellProblem } from "@/ui/notify";

interface Props {
  role: Schemas["Me"]["role"];
  /** Once there is one: the number of its account. */
  onMade: (accountId: number) => void;
}

/** Makes a filled shop, if there is none yet. */
export function LookAround({ role, onMade }: Props) {
  const { t } = useWords();
  const tell = useTellProblem();
  const make = api.useMutation("post", "/api/v1/sample-data", {
    onSuccess: (sample) => {
      if (typeof sample?.account_id === "number") {
        onMade(sample.account_id);
      }
    },
    onError: tell,
  });
  if (role !== "owner" && role !== "admin") {
    return <Text size="sm">{t("sample.askAdmin")}</Text>;
  }
  return (
    <div>
      <Button variant="light" loading={make.isPending} onClick={() => make.mutate({})}>
        {t("sample.look")}
      </Button>
      <Text size="xs" c="dimmed" mt={4}>
        {t("sample.hint")}
      </Text>
    </div>
  );
}
