import { Button, Text } from "@mantine/core";

import { api, client, type Schemas } from "@/api/client";
import { useWords } from "@/i18n/words";
import { session, type TokenDocument } from "@/session/session";
import { useTellProblem } from "@/ui/notify";

interface Props {
  role: Schemas["Me"]["role"];
  /** Once the sample is the account that is shown. */
  onThere: () => void;
}

/** Makes a filled shop, if there is none yet, and goes there. */
export function LookAround({ role, onThere }: Props) {
  const { t } = useWords();
  const tell = useTellProblem();
  const make = api.useMutation("post", "/api/v1/sample-data", {
    onSuccess: async (sample) => {
      const account_id = sample?.account_id;
      if (typeof account_id === "number") {
        const { data } = await client.POST("/api/v1/auth/switch-account", { body: { account_id } });
        session.begin(data as TokenDocument);
        onThere();
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
