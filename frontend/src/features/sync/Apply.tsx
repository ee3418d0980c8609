import { Alert, Button, Group, List, Progress, Stack, Text } from "@mantine/core";
import { type ReactNode, useState } from "react";

import { api, type Schemas } from "@/api/client";
import { useWords } from "@/i18n/words";
import { Confirm } from "@/ui/Confirm";
import { Icon } from "@/ui/icons";
import { TextLink } from "@/ui/links";
import { useTellProblem } from "@/ui/notify";
import { For } from "@/ui/role";
import { useLookAgain } from "@/ui/useLookAgain";

import { FaultWords } from "./FaultWords";
import { ShopSums } from "./ShopSums";
import { sumOf } from "./sums";
import { useRun } from "./useRun";

const PREVIEW = ["get", "/api/v1/sync/preview"] as const;
const TOTALS = ["get", "/api/v1/sync/preview/totals"] as const;

interface Props {
  shopId: number | undefined;
  canSync: boolean;
  totals: Schemas["SyncTotals"] | null;
  /** Beside the button. */
  children: ReactNode;
}

/** Has the numbers read and written now, after its figures were agreed to, and shows how far that is. Where nothing
 *  would be written there is nothing to agree to. */
export function Apply({ shopId, canSync, totals, children }: Props) {
  const { t } = useWords();
  const tell = useTellProblem();
  const [asking, setAsking] = useState(false);
  const [begun, setBegun] = useState<{ run: number; toWrite: number } | null>(null);
  const written = totals === null ? 0 : writtenOf(totals);
  const held = totals === null ? 0 : heldOf(totals);
  const isNothing = written === 0 && totals?.at_least === false;
  const start = api.useMutation("post", "/api/v1/sync/runs", {
    onSuccess: (run) => {
      if (run !== undefined) {
        setBegun({ run: run.id, toWrite: written });
      }
    },
    onError: tell,
    onSettled: () => setAsking(false),
  });
  const go = () => start.mutate({ body: shopId === undefined ? {} : { connection_id: shopId } });
  const run = useRun(begun?.run ?? null);
  const isRunning = begun !== null && !run.isError && (run.data === undefined || run.data.state === "running");
  const isBusy = start.isPending || isRunning;
  return (
    <Stack gap="sm">
      {begun === null ? null : (
        <Progressing
          key={begun.run}
          runId={begun.run}
          run={run.data}
          toWrite={begun.toWrite}
          left={totals === null ? null : written}
          onClose={() => setBegun(null)}
        />
      )}
      <Group gap="md" align="flex-end">
        {children}
        {canSync ? (
          <For least="staff">
            <Button
              onClick={isBusy ? undefined : () => (isNothing ? go() : setAsking(true))}
              disabled={totals === null}
              // Not disabled to the browser, which would take the focus from it.
              data-disabled={isBusy || undefined}
              aria-disabled={isBusy}
            >
              {t("dryRun.apply")}
            </Button>
          </For>
        ) : null}
      </Group>
      {isNothing && held > 0 ? <Text size="sm">{t("dryRun.allHeld", { count: held })}</Text> : null}
      {totals === null ? null : (
        <Confirm
          opened={asking}
          title={t("dryRun.ask", { count: written })}
          action={t("dryRun.ask.do")}
          danger={sumOf(totals).to_zero > 0}
          busy={start.isPending}
          onConfirm={go}
          onClose={() => setAsking(false)}
        >
          <List size="sm">
            {totals.connections.map((shop) => (
              <List.Item key={shop.connection_id}>
                {shop.connection_name}: <ShopSums shop={shop} />
              </List.Item>
            ))}
          </List>
          {totals.at_least ? <Text size="sm">{t("changes.atLeast")}</Text> : null}
          <Text size="sm" c="dimmed">
            {t("dryRun.ask.what")}
          </Text>
        </Confirm>
      )}
    </Stack>
  );
}

interface ProgressingProps {
  runId: number;
  /** Undefined until it was asked for. */
  run: Schemas["Run"] | undefined;
  /** How many numbers there were to write when it began, and are now. */
  toWrite: number;
  left: number | null;
  onClose: () => void;
}

function Progressing({ runId, run, toWrite, left, onClose }: ProgressingProps) {
  const { t } = useWords();
  const state = run?.state ?? "running";
  useLookAgain(TOTALS, `${state} ${run?.looked_at ?? 0}`);
  useLookAgain(PREVIEW, state);
  const done = state !== "running";
  const well = state === "succeeded";
  const share = left === null ? 0 : ((toWrite - Math.min(left, toWrite)) / toWrite) * 100;
  return (
    <Alert
      role="status"
      color={!done ? "indigo" : well ? "green" : "red"}
      icon={<Icon name={!done ? "swap" : well ? "check" : "warn"} />}
      title={done ? t(`run.state.${state}`) : t("dryRun.running")}
    >
      <Stack gap="sm">
        {done || toWrite === 0 ? null : <Progress value={share} animated aria-label={t("firstSync.progress")} />}
        {run === undefined ? null : (
          <Text size="sm">{t("run.sums", { looked: run.looked_at, changed: run.changed, failed: run.failed })}</Text>
        )}
        {run === undefined || run.code === "" ? null : <FaultWords run={run} />}
        <Group gap="sm">
          <TextLink to="/sync/$runId" params={{ runId: String(runId) }} size="sm">
            {t("run.see")}
          </TextLink>
          {done ? (
            <Button size="xs" variant="default" onClick={onClose}>
              {t("action.close")}
            </Button>
          ) : null}
        </Group>
      </Stack>
    </Alert>
  );
}

function heldOf(totals: Schemas["SyncTotals"]): number {
  const { held, refused } = sumOf(totals);
  return held + refused;
}

function writtenOf(totals: Schemas["SyncTotals"]): number {
  const { raised, lowered, to_zero } = sumOf(totals);
  return raised + lowered + to_zero;
}
