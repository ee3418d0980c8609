import { Modal, Stack, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api } from "@/api/client";
import { useWords } from "@/i18n/words";
import { useTellDone } from "@/ui/done";
import { platformName } from "@/ui/platforms";
import { Failed, Loading } from "@/ui/states";

import { lookAgain } from "./useAction";
import { fieldsOf } from "./config";
import { ConfigForm } from "./ConfigForm";
import { goTo } from "@/ui/leaving";
import type { Connection } from "./rows";
import { fieldsFor, takesKeys, type Way, Ways } from "./Ways";

interface Props {
  connection: Connection;
  opened: boolean;
  onClose: () => void;
  /** It is gone. */
  onClosed: () => void;
}

/** Connect the same shop once more: by its consent page, or by new keys. */
export function Reconnect({ connection, opened, onClose, onClosed }: Props) {
  const { t } = useWords();
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      onExitTransitionEnd={onClosed}
      title={t("reconnect.title", { shop: connection.name })}
      closeButtonProps={{ "aria-label": t("action.close") }}
    >
      <Form connection={connection} onClose={onClose} />
    </Modal>
  );
}

function Form({ connection, onClose }: Omit<Props, "opened" | "onClosed">) {
  const { t } = useWords();
  const queries = useQueryClient();
  const tell = useTellDone();
  const [way, setWay] = useState<Way>("consent");
  const platforms = api.useQuery("get", "/api/v1/platforms", {}, { staleTime: Infinity });
  const begin = api.useMutation("post", "/api/v1/connections/{connection_id}/reconnect", {
    onSuccess: async (started) => {
      if (started.authorize_url !== null) {
        goTo(started.authorize_url);
        return;
      }
      await lookAgain(queries);
      tell(t("reconnect.done"));
      onClose();
    },
  });
  const platform = platforms.data?.items.find(({ slug }) => slug === connection.platform);
  if (platforms.isPending) {
    return <Loading />;
  }
  if (platform === undefined) {
    return <Failed error={platforms.error} retry={() => void platforms.refetch()} />;
  }
  // The shop stays the same: only secrets can be new.
  const fields = fieldsOf(platform.config_schema).filter(({ secret }) => secret);
  const path = { connection_id: connection.id };
  return (
    <Stack gap="md">
      {takesKeys(fields) ? <Ways way={way} onChange={setWay} /> : null}
      <Text size="sm">{t(`reconnect.lead.${way}`)}</Text>
      <ConfigForm
        key={way}
        platform={connection.platform}
        fields={fieldsFor(way, fields)}
        go={way === "keys" ? t("connect.go") : t("connect.goTo", { platform: platformName(connection.platform) })}
        busy={begin.isPending || begin.isSuccess}
        error={begin.error}
        onSubmit={(config) => begin.mutate({ params: { path }, body: { config } })}
      />
    </Stack>
  );
}
