import { Card, Group, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";

import { api, type Schemas } from "@/api/client";
import { useWords } from "@/i18n/words";
import { Ago } from "@/ui/Ago";
import { Icon } from "@/ui/icons";
import { ReleaseBrake } from "@/ui/ReleaseBrake";
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
          <ReleaseBrake kind={brake.kind} shopId={brake.connection_id} shop={brake.connection_name} />
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
