import { Alert, Button, Group, Progress, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";

import { api } from "@/api/client";
import { useWords } from "@/i18n/words";
import { Icon } from "@/ui/icons";
import { Failed, Loading } from "@/ui/states";
import { UndoRun } from "@/ui/UndoRun";

const EVERY_MS = 1000;
/** A shop that sells all the while always has some numbers under way: so many of a hundred are no news. */
const UNDER_WAY_PERCENT = 2;

interface Props {
  shopId: number;
  /** Where a run's numbers are. */
  runLink: (runId: number) => ReactNode;
  onClose: () => void;
}

/** How far the shop's numbers are written after the first sync was agreed to, and the way back. */
export function Started({ shopId, runLink, onClose }: Props) {
  const { t } = useWords();
  const path = { connection_id: shopId };
  const shop = api.useQuery(
    "get",
    "/api/v1/connections/{connection_id}",
    { params: { path } },
    {
      refetchInterval: ({ state }) =>
        state.data !== undefined && isWritten(state.data.counts) ? false : EVERY_MS,
    },
  );
  const runs = api.useQuery("get", "/api/v1/sync/runs", {
    params: { query: { connection_id: shopId, kind: "first_sync", limit: 1 } },
  });
  const run = runs.data?.items[0];
  if (shop.isPending || runs.isPending) {
    return <Loading />;
  }
  if (shop.data === undefined || runs.data === undefined) {
    return <Failed error={shop.error ?? runs.error} retry={() => void shop.refetch().then(() => runs.refetch())} />;
  }
  const left = shop.data.counts.dirty_cells;
  const total = Math.max(run?.looked_at ?? 0, left, 1);
  const written = isWritten(shop.data.counts);
  return (
    <Alert
      color={written ? "green" : "indigo"}
      icon={<Icon name={written ? "check" : "swap"} />}
      title={written ? t("firstSync.done", { shop: shop.data.name }) : t("firstSync.writing", { shop: shop.data.name })}
      role="status"
    >
      <Stack gap="sm">
        {written ? (
          <Text size="sm">{t("firstSync.done.next")}</Text>
        ) : (
          <>
            <Progress value={((total - left) / total) * 100} aria-label={t("firstSync.progress")} />
            <Text size="sm">{t("firstSync.left", { count: left })}</Text>
          </>
        )}
        <Group gap="sm">
          {run === undefined ? null : runLink(run.id)}
          {run !== undefined && run.changed > 0 && run.state !== "running" ? (
            <UndoRun runId={run.id} />
          ) : null}
          <Button size="xs" variant="default" onClick={onClose}>
            {t("firstSync.close")}
          </Button>
        </Group>
      </Stack>
    </Alert>
  );
}

function isWritten(counts: { dirty_cells: number; linked: number }): boolean {
  return counts.dirty_cells <= Math.floor((counts.linked * UNDER_WAY_PERCENT) / 100);
}
