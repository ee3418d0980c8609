import { Alert, Button, Card, Group, Progress, SimpleGrid, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { client, type Schemas } from "@/api/client";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { withoutNothing } from "@/ui/address";
import { Icon } from "@/ui/icons";
import { BackLink } from "@/ui/links";
import { useTellProblem } from "@/ui/notify";
import { Page } from "@/ui/Page";
import { PlainSection } from "@/ui/PlainSection";
import { save } from "@/ui/save";
import { Failed, Loading } from "@/ui/states";
import { UndoRun } from "@/ui/UndoRun";

import { FaultWords } from "./FaultWords";
import { type ItemFilters } from "./filters";
import { Items } from "./Items";
import { useRun } from "./useRun";
import { durationOf, RunState } from "./words";

type Run = Schemas["Run"];

/** Kinds of runs that may have changed the stock by a shop's numbers (app/services/undo.py). */
const UNDONE = new Set<Run["kind"]>(["first_sync", "reconcile", "manual"]);
const here = getRouteApi("/inside/sync/$runId");

/** One run: what it did, how it ended, each of its numbers, and the way back. */
export function RunPage() {
  const { t } = useWords();
  const { runId } = here.useParams();
  const filters = withoutNothing(here.useSearch());
  const navigate = here.useNavigate();
  const found = useRun(Number(runId));
  const run = found.data;
  if (run === undefined) {
    return (
      <Page title={t("run.title")} lead={<Back />}>
        {found.isPending ? (
          <Loading rows={6} />
        ) : (
          <Failed error={found.error} retry={() => void found.refetch()} retrying={found.isFetching} />
        )}
      </Page>
    );
  }
  const undoable =
    UNDONE.has(run.kind) && run.state !== "running" && run.connection_id !== null && run.changed > 0;
  return (
    <Page
      title={`${t(`run.kind.${run.kind}`)} · ${run.connection_name ?? t("shop.all")}`}
      lead={<Back />}
      actions={
        <Group gap="sm">
          {undoable ? <UndoRun runId={run.id} size="sm" /> : null}
          <Csv runId={run.id} filters={filters} />
        </Group>
      }
    >
      {found.isError ? <Failed error={found.error} retry={() => void found.refetch()} /> : null}
      <Facts run={run} />
      <Fault run={run} />
      <PlainSection title={t("run.items")}>
        <Items run={run} filters={filters} onChange={(search) => void navigate({ search })} />
      </PlainSection>
    </Page>
  );
}

function Back() {
  const { t } = useWords();
  return <BackLink to="/sync">{t("run.back")}</BackLink>;
}

function Facts({ run }: { run: Run }) {
  const { t } = useWords();
  const format = useFormat();
  const precise = { dateStyle: "medium", timeStyle: "medium" } as const;
  return (
    <Stack gap="sm">
      <Group gap="xs">
        <RunState state={run.state} />
        <Text size="sm" c="dimmed">
          {t(`run.trigger.${run.trigger}`)} · {format.moment(run.created_at, precise)}
          {run.times > 1 ? ` · ${t("run.times", { count: run.times })}` : ""}
        </Text>
      </Group>
      {run.state === "running" ? <Progress value={100} animated aria-label={t("firstSync.progress")} /> : null}
      <SimpleGrid cols={{ base: 2, sm: 4 }} spacing="sm">
        <Figure label={t("run.looked")}>{format.number(run.looked_at)}</Figure>
        <Figure label={t("run.changed")}>{format.number(run.changed)}</Figure>
        <Figure label={t("run.failed")}>{format.number(run.failed)}</Figure>
        <Figure label={t("run.took")}>{durationOf(run, format) ?? "–"}</Figure>
      </SimpleGrid>
    </Stack>
  );
}

function Figure({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Card withBorder padding="sm">
      <Text size="sm" c="dimmed">
        {label}
      </Text>
      <Text fz={22} fw={650}>
        {children}
      </Text>
    </Card>
  );
}

/** What went wrong, and what to do about it. */
function Fault({ run }: { run: Run }) {
  const { t, known } = useWords();
  if (run.code === "") {
    return null;
  }
  return (
    <Alert color="red" icon={<Icon name="warn" />} title={known(`problem.${run.code}`) ?? t("run.fault")}>
      <FaultWords run={run} />
    </Alert>
  );
}

function Csv({ runId, filters }: { runId: number; filters: ItemFilters }) {
  const { t } = useWords();
  const tell = useTellProblem();
  const fetchFile = useMutation({
    mutationFn: async () => {
      const { data } = await client.GET("/api/v1/sync/runs/{run_id}/items.csv", {
        params: { path: { run_id: runId }, query: { ...filters } },
        parseAs: "blob",
      });
      save(data as Blob, `run-${runId}.csv`);
    },
    onError: tell,
  });
  return (
    <Button
      variant="default"
      leftSection={<Icon name="download" />}
      loading={fetchFile.isPending}
      onClick={() => fetchFile.mutate()}
    >
      {t("run.csv")}
    </Button>
  );
}
