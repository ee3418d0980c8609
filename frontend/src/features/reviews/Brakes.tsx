import { Button, Card, Group, Stack, Text, Title } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";

import { api, client, type Schemas } from "@/api/client";
import { useWords } from "@/i18n/words";
import { Ago } from "@/ui/Ago";
import { Confirm } from "@/ui/Confirm";
import { useTellDone } from "@/ui/done";
import { Icon } from "@/ui/icons";
import { useTellProblem } from "@/ui/notify";
import { For } from "@/ui/role";
import { Failed, TooMuch } from "@/ui/states";

export type Brake = Schemas["Brake"];

const EVERY_MS = 60_000;

interface Props {
  /** Where one sees what would be written. */
  changesOf: (brake: Brake) => ReactNode;
}

/** Syncs that stopped, as too much would have changed at once: what was about to, and the way on. */
export function Brakes({ changesOf }: Props) {
  const { t } = useWords();
  const found = api.useQuery(
    "get",
    "/api/v1/brakes",
    { params: { query: { limit: 250 } } },
    { refetchInterval: EVERY_MS },
  );
  if (found.isError && found.data === undefined) {
    return <Failed error={found.error} retry={() => void found.refetch()} retrying={found.isFetching} />;
  }
  const brakes = found.data?.items ?? [];
  if (brakes.length === 0) {
    return null;
  }
  return (
    <Stack component="section" gap="sm" aria-label={t("brakes.title")}>
      <Title order={2} size="h4">
        {t("brakes.title")}
      </Title>
      {brakes.map((brake) => (
        <Stopped key={brake.id} brake={brake} changes={changesOf(brake)} />
      ))}
      {(found.data?.next ?? null) === null ? null : <TooMuch shown={brakes.length}>{t("reviews.tooMuch")}</TooMuch>}
    </Stack>
  );
}

function Stopped({ brake, changes }: { brake: Brake; changes: ReactNode }) {
  const { t } = useWords();
  return (
    <Card withBorder component="article" aria-labelledby={`brake-${brake.id}`}>
      <Stack gap="sm" align="flex-start">
        <Group gap="sm" wrap="nowrap" align="flex-start">
          <Text span lh={0} mt={2} style={{ color: "var(--app-amber)" }}>
            <Icon name="stop" size={20} />
          </Text>
          <Title order={3} size="h5" id={`brake-${brake.id}`}>
            {t(`brakes.${brake.kind}`, { shop: brake.connection_name })}
          </Title>
        </Group>
        <Text size="sm">
          <What brake={brake} /> {t("brakes.since")} <Ago at={brake.braked_at} />.
        </Text>
        <Text size="sm">{t("brakes.choices")}</Text>
        <Group gap="md">
          {changes}
          <Release brake={brake} />
        </Group>
      </Stack>
    </Card>
  );
}

/** What would have changed when it went on. */
function What({ brake }: { brake: Brake }) {
  const { t } = useWords();
  const { changed, numbers } = brake.detail as { changed?: unknown; numbers?: unknown };
  return typeof changed === "number" && typeof numbers === "number"
    ? t("brakes.what", { changed, count: numbers })
    : t("brakes.much");
}

function Release({ brake }: { brake: Brake }) {
  const { t } = useWords();
  const tell = useTellProblem();
  const done = useTellDone();
  const queries = useQueryClient();
  const [asking, setAsking] = useState(false);
  const release = useMutation({
    mutationFn: async () => {
      const params = { path: { connection_id: brake.connection_id } };
      await (brake.kind === "stock"
        ? client.POST("/api/v1/connections/{connection_id}/release-brake", { params })
        : client.POST("/api/v1/connections/{connection_id}/price-rule/release-brake", { params }));
    },
    onSuccess: async () => {
      done(t("brakes.released", { shop: brake.connection_name }));
      await queries.invalidateQueries();
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
        title={t("brakes.ask", { shop: brake.connection_name })}
        action={t("brakes.release")}
        danger
        busy={release.isPending}
        onConfirm={() => release.mutate()}
        onClose={() => setAsking(false)}
      >
        {brake.kind === "stock" ? <WouldBeWritten shopId={brake.connection_id} /> : null}
        <Text size="sm">{t(`brakes.ask.${brake.kind}`)}</Text>
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
  const nothing = { raised: 0, lowered: 0, to_zero: 0, held: 0 };
  const { raised, lowered, to_zero, held } = shop ?? nothing;
  return totals.data === undefined ? null : (
    <Text size="sm" fw={600}>
      {t("brakes.ask.figures", { raised, lowered, zero: to_zero, held })}
    </Text>
  );
}
