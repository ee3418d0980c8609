import { Button, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api, client } from "@/api/client";
import { useWords } from "@/i18n/words";

import { Confirm } from "./Confirm";
import { useTellDone } from "./done";
import { useTellProblem } from "./notify";
import { For } from "./role";

interface Props {
  kind: "stock" | "prices";
  shopId: number;
  shop: string;
  /** What shows the brake and is not asked for anew with all else, is read again. */
  onReleased?: () => Promise<unknown>;
}

/** Lets a sync that stopped go on, once it was agreed to what is written then. */
export function ReleaseBrake({ kind, shopId, shop, onReleased }: Props) {
  const { t } = useWords();
  const tell = useTellProblem();
  const done = useTellDone();
  const queries = useQueryClient();
  const [asking, setAsking] = useState(false);
  const release = useMutation({
    mutationFn: async () => {
      const params = { path: { connection_id: shopId } };
      await (kind === "stock"
        ? client.POST("/api/v1/connections/{connection_id}/release-brake", { params })
        : client.POST("/api/v1/connections/{connection_id}/price-rule/release-brake", { params }));
    },
    onSuccess: async () => {
      done(t("brakes.released", { shop }));
      await Promise.all([queries.invalidateQueries(), onReleased?.()]);
    },
    onError: tell,
    onSettled: () => setAsking(false),
  });
  return (
    <For least="admin">
      <Button size="xs" onClick={() => setAsking(true)}>
        {t("brakes.release")}
      </Button>
      <Confirm
        opened={asking}
        title={t("brakes.ask", { shop })}
        action={t("brakes.release")}
        danger
        busy={release.isPending}
        onConfirm={() => release.mutate()}
        onClose={() => setAsking(false)}
      >
        {kind === "stock" ? <WouldBeWritten shopId={shopId} /> : null}
        <Text size="sm">{t(`brakes.ask.${kind}`)}</Text>
      </Confirm>
    </For>
  );
}

/** By what is believed of the shop now. */
function WouldBeWritten({ shopId }: { shopId: number }) {
  const { t } = useWords();
  const totals = api.useQuery("get", "/api/v1/sync/preview/totals", {
    params: { query: { connection_id: shopId } },
  });
  const shop = totals.data?.connections[0];
  const nothing = { raised: 0, lowered: 0, to_zero: 0, held: 0, refused: 0 };
  const { raised, lowered, to_zero, held, refused } = shop ?? nothing;
  return totals.data === undefined ? null : (
    <Text size="sm" fw={600}>
      {t("brakes.ask.figures", { raised, lowered, zero: to_zero, held: held + refused })}
    </Text>
  );
}
