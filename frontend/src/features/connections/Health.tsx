import { Alert, Button, Card, Group, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";

import { api, type Schemas } from "@/api/client";
import { ApiProblem } from "@/api/problem";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { Icon } from "@/ui/icons";
import { Light } from "@/ui/Light";
import { useProblemWords } from "@/ui/problems";
import { useReasons } from "@/ui/reasons";
import { ReleaseBrake } from "@/ui/ReleaseBrake";
import { useMay } from "@/ui/role";
import { Said } from "@/ui/Said";
import { Failed, Loading } from "@/ui/states";

import { useAction } from "./useAction";
import { Facts } from "./Facts";
import type { Connection } from "./rows";

const EVERY_MS = 15_000;

interface Props {
  connection: Connection;
  firstSync: (connectionId: number) => ReactNode;
  matching: (connectionId: number) => ReactNode;
}

/** How a shop is doing: the light, why, what to do, and what is known. */
export function Health({ connection, firstSync, matching }: Props) {
  const path = { connection_id: connection.id };
  const found = api.useQuery(
    "get",
    "/api/v1/connections/{connection_id}/health",
    { params: { path } },
    { refetchInterval: EVERY_MS },
  );
  if (found.isPending) {
    return <Loading rows={5} />;
  }
  if (found.data === undefined) {
    return <Failed error={found.error} retry={() => void found.refetch()} retrying={found.isFetching} />;
  }
  return (
    <Stack gap="lg">
      {found.isError ? <Failed error={found.error} retry={() => void found.refetch()} /> : null}
      <Standing connection={connection} health={found.data} firstSync={firstSync} />
      <Facts connection={connection} health={found.data} matching={matching} />
    </Stack>
  );
}

function Standing({ connection, health, firstSync }: Omit<Props, "matching"> & { health: Schemas["Health"] }) {
  const { t } = useWords();
  const reasonsOf = useReasons();
  return (
    <Card withBorder component="section" aria-label={t("health.now")}>
      <Group justify="space-between" align="flex-start">
        <Stack gap={6} style={{ flex: "1 1 280px" }}>
          <Light colour={health.light.colour as "green"} />
          {reasonsOf(health).map((words) => (
            <Text key={words} size="sm">
              {words}
            </Text>
          ))}
        </Stack>
        <Group gap="xs" align="flex-start">
          <Remedies connection={connection} health={health} />
          {connection.state === "review" ? firstSync(connection.id) : null}
          <TryOut connection={connection} />
        </Group>
      </Group>
    </Card>
  );
}

/** What can be done right here about what is not well. */
function Remedies({ connection, health }: Omit<Props, "matching" | "firstSync"> & { health: Schemas["Health"] }) {
  const { t } = useWords();
  const action = useAction(health.id);
  const mayWork = useMay("staff");
  return (
    <>
      {health.braked_at === null ? null : <ReleaseBrake kind="stock" shopId={connection.id} shop={connection.name} />}
      {health.reasons.includes("webhooks_missed") && mayWork ? (
        <Button size="xs" loading={action.isPending} onClick={() => action.mutate("webhooks")}>
          {t("connection.do.webhooks")}
        </Button>
      ) : null}
    </>
  );
}

const NEVER_CONNECTED = ["connecting", "disconnected", "sample"];

/** Calls the shop once, and says what came of it. */
function TryOut({ connection }: { connection: Connection }) {
  const { t } = useWords();
  const mayWork = useMay("staff");
  const trial = api.useMutation("post", "/api/v1/connections/{connection_id}/test");
  if (!mayWork || NEVER_CONNECTED.includes(connection.state)) {
    return null;
  }
  const path = { connection_id: connection.id };
  return (
    <Stack gap="xs" align="flex-end">
      <Button
        size="xs"
        variant="default"
        loading={trial.isPending}
        onClick={() => trial.mutate({ params: { path } })}
      >
        {t("health.try")}
      </Button>
      <div role="status">
        {trial.isSuccess ? <Outcome trial={trial.data} /> : null}
        {trial.isError ? <Failed error={trial.error} /> : null}
      </div>
    </Stack>
  );
}

function Outcome({ trial }: { trial: Schemas["Trial"] }) {
  const { t } = useWords();
  const format = useFormat();
  const { title, remedy } = useProblemWords(new ApiProblem(trial.code, 0, trial.message));
  if (trial.ok) {
    return (
      <Text size="sm">{t("health.try.well", { ms: format.number(trial.milliseconds) })}</Text>
    );
  }
  return (
    <Alert color="red" icon={<Icon name="warn" />} title={title}>
      <Text size="sm">
        <Said line={{ text: trial.message, ...trial.message_said }} />
      </Text>
      <Text size="sm" c="dimmed">
        {remedy}
      </Text>
    </Alert>
  );
}
