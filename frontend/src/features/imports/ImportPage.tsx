import { Alert, Button, Card, Checkbox, Group, Progress, Stack, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";

import { api, type Schemas } from "@/api/client";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { Icon } from "@/ui/icons";
import { BackLink } from "@/ui/links";
import { useTellProblem } from "@/ui/notify";
import { Page } from "@/ui/Page";
import { useMay } from "@/ui/role";
import { Said } from "@/ui/Said";
import { Failed, Loading } from "@/ui/states";
import { useFocusKept } from "@/ui/useFocusKept";

import { State } from "./Imports";
import { Rows } from "./Rows";

type Import = Schemas["Import"];

const here = getRouteApi("/inside/imports/$importId");
const LOOK_AGAIN_MS = 1000;
const UNDER_WAY: readonly Import["state"][] = ["receiving", "checking", "applying"];
const BEFORE: readonly Import["state"][] = ["receiving", "checking", "checked"];
const OPEN: readonly Import["state"][] = ["receiving", "checking", "checked", "applying"];

interface Props {
  /** Where one sees what it did. */
  done: ReactNode;
}

/** One file: how far it is, what it would do, and whether it shall. */
export function ImportPage({ done }: Props) {
  const { t } = useWords();
  const { importId } = here.useParams();
  const mayChange = useMay("staff") ?? false;
  const path = { import_id: Number(importId) };
  const found = api.useQuery(
    "get",
    "/api/v1/imports/{import_id}",
    { params: { path } },
    {
      refetchInterval: ({ state }) =>
        state.data !== undefined && UNDER_WAY.includes(state.data.state) ? LOOK_AGAIN_MS : false,
    },
  );
  const imported = found.data;
  const card = useFocusKept<HTMLDivElement>(imported && BEFORE.includes(imported.state));
  if (imported === undefined) {
    return (
      <Page title={t("imports.one")} lead={<Back />}>
        {found.isError ? (
          <Failed error={found.error} retry={() => void found.refetch()} retrying={found.isFetching} />
        ) : (
          <Loading rows={5} />
        )}
      </Page>
    );
  }
  return (
    <Page title={imported.file_name || t("imports.noName", { id: imported.id })} lead={<Back />}>
      {found.isError ? <Failed error={found.error} retry={() => void found.refetch()} /> : null}
      <Card withBorder ref={card} tabIndex={-1}>
        <Stack gap="md">
          <Group justify="space-between">
            <Group gap="sm">
              <State imported={imported} />
              <Text size="sm" c="dimmed">
                {t(`imports.kind.${imported.kind}`)}
              </Text>
            </Group>
            {mayChange && OPEN.includes(imported.state) ? <Cancel imported={imported} /> : null}
          </Group>
          <HowFar imported={imported} />
          {imported.problem === "" ? null : (
            <Alert color="red" icon={<Icon name="warn" />} title={t("imports.problem")} role="alert">
              <Said line={{ text: imported.problem, ...imported.problem_said }} />
            </Alert>
          )}
          {imported.ignored_columns.length === 0 ? null : (
            <Text size="sm">{t("imports.ignored", { columns: imported.ignored_columns.join(", ") })}</Text>
          )}
          {imported.state === "checked" ? <Summary imported={imported} /> : null}
          {imported.state === "checked" && mayChange ? <Apply imported={imported} /> : null}
          {imported.state === "applied" ? (
            <Group gap="sm" role="status">
              <Text span lh={0} c="var(--app-green)">
                <Icon name="check" />
              </Text>
              <Text size="sm">{t("imports.done", { count: imported.applied })}</Text>
              {done}
            </Group>
          ) : null}
        </Stack>
      </Card>
      {imported.rows === 0 ? null : <Rows imported={imported} />}
    </Page>
  );
}

function Back() {
  const { t } = useWords();
  return <BackLink to="/imports">{t("imports.back")}</BackLink>;
}

function HowFar({ imported }: { imported: Import }) {
  const { t } = useWords();
  if (imported.state !== "checking" && imported.state !== "applying") {
    return null;
  }
  const [part, whole] =
    imported.state === "checking"
      ? [imported.read_bytes, imported.size_bytes]
      : [imported.applied, imported.to_apply];
  const words =
    imported.state === "checking"
      ? t("imports.checkedSoFar", { count: imported.rows })
      : t("imports.appliedSoFar", { count: imported.applied, all: imported.to_apply });
  return (
    <Stack gap={4}>
      <Progress value={whole === 0 ? 0 : (100 * part) / whole} animated aria-label={words} />
      <Text size="sm" c="dimmed" aria-live="polite">
        {words}
      </Text>
    </Stack>
  );
}

function Summary({ imported }: { imported: Import }) {
  const { t } = useWords();
  const format = useFormat();
  const figures = [
    ["imports.creates", imported.creates],
    ["imports.changes", imported.changes],
    ["imports.unchanged", imported.unchanged],
    ["imports.faulty", imported.faulty],
  ] as const;
  return (
    <Group gap="xl">
      {figures.map(([name, value]) => (
        <div key={name}>
          <Text size="sm" c="dimmed">
            {t(name)}
          </Text>
          <Text
            size="xl"
            fw={600}
            {...(name === "imports.faulty" && value > 0 ? { c: "var(--mantine-color-error)" } : {})}
          >
            {format.number(value)}
          </Text>
        </div>
      ))}
    </Group>
  );
}

function Apply({ imported }: { imported: Import }) {
  const { t } = useWords();
  const tell = useTellProblem();
  const refresh = useRefresh();
  const [skip, setSkip] = useState(false);
  const apply = api.useMutation("post", "/api/v1/imports/{import_id}/apply", { onError: tell, onSettled: refresh });
  const params = { path: { import_id: imported.id } };
  if (imported.to_apply === 0) {
    return <Text size="sm">{t(imported.faulty > 0 ? "imports.allFaulty" : "imports.nothing")}</Text>;
  }
  return (
    <Stack gap="sm" align="flex-start">
      {imported.faulty === 0 ? null : (
        <Checkbox
          label={t("imports.skip", { count: imported.faulty })}
          description={t("imports.skip.hint")}
          checked={skip}
          onChange={(event) => setSkip(event.currentTarget.checked)}
        />
      )}
      <Button
        disabled={imported.faulty > 0 && !skip}
        loading={apply.isPending}
        onClick={() => apply.mutate({ params, body: { skip_faulty: skip } })}
      >
        {t("imports.apply", { count: imported.to_apply })}
      </Button>
    </Stack>
  );
}

function Cancel({ imported }: { imported: Import }) {
  const { t } = useWords();
  const tell = useTellProblem();
  const refresh = useRefresh();
  const cancel = api.useMutation("post", "/api/v1/imports/{import_id}/cancel", { onError: tell, onSettled: refresh });
  return (
    <Button
      size="xs"
      variant="default"
      loading={cancel.isPending}
      onClick={() => cancel.mutate({ params: { path: { import_id: imported.id } } })}
    >
      {t(imported.state === "applying" ? "imports.stop" : "imports.cancel")}
    </Button>
  );
}

function useRefresh(): () => Promise<void> {
  const queries = useQueryClient();
  return async () => {
    await queries.invalidateQueries({ queryKey: ["get", "/api/v1/imports/{import_id}"] });
    await queries.invalidateQueries({ queryKey: ["get", "/api/v1/imports"] });
  };
}
