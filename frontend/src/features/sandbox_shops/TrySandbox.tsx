import { Button, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";

import { api } from "@/api/client";
import { useWords } from "@/i18n/words";
import { useTellProblem } from "@/ui/notify";
import { useMay } from "@/ui/role";
import { Section } from "@/ui/Section";

interface Props {
  /** On a card of its own. */
  isSection?: boolean;
  onConnected: (connectionId: number) => void;
  /** The shop's owner is to agree there first. */
  onAsked: (address: string) => void;
}

/** A shop to try SyncFlow with, where this server offers one, in one click. */
export function TrySandbox({ isSection = false, onConnected, onAsked }: Props) {
  const { t } = useWords();
  const may = useMay("admin");
  const tell = useTellProblem();
  const queries = useQueryClient();
  const offers = api.useQuery("get", "/api/v1/sandbox-shops", {}, { enabled: may === true }).data?.items ?? [];
  const connect = api.useMutation("post", "/api/v1/sandbox-shops/connect", {
    onSuccess: async ({ connection, authorize_url }) => {
      if (authorize_url !== null) {
        onAsked(authorize_url);
        return;
      }
      await queries.invalidateQueries();
      onConnected(connection.id);
    },
    onError: (error) => {
      tell(error);
      void queries.invalidateQueries({ queryKey: ["get", "/api/v1/sandbox-shops"] });
    },
  });
  const free = offers.find(({ use }) => use === "free");
  if (free === undefined && offers.every(({ use }) => use === "yours")) {
    return null;
  }
  const content =
    free === undefined ? (
      <Text size="sm">{t("sandbox.taken")}</Text>
    ) : (
      <div>
        <Button
          variant="light"
          h="auto"
          mih={36}
          py={6}
          styles={{ label: { whiteSpace: "normal", lineHeight: 1.3 } }}
          loading={connect.isPending}
          onClick={() => connect.mutate({ body: { number: free.number } })}
        >
          {t("sandbox.try")}
        </Button>
        <Text size="xs" c="dimmed" mt={4}>
          {t("sandbox.hint")}
        </Text>
      </div>
    );
  return isSection ? (
    <Section title={t("sandbox.title")} lead={t("sandbox.lead")}>
      {content}
    </Section>
  ) : (
    content
  );
}
