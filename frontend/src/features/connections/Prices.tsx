import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import { api, client, type Schemas } from "@/api/client";
import { useWords } from "@/i18n/words";
import { Ago } from "@/ui/Ago";
import { Confirm } from "@/ui/Confirm";
import { useTellDone } from "@/ui/done";
import { type Saving, useEdited } from "@/ui/editing";
import { Icon } from "@/ui/icons";
import { useTellProblem } from "@/ui/notify";
import { ReleaseBrake } from "@/ui/ReleaseBrake";
import { useMay } from "@/ui/role";
import { Section } from "@/ui/Section";
import { Failed, Loading } from "@/ui/states";
import { Told } from "@/ui/Told";
import { focusIfLost, useFocusKept } from "@/ui/useFocusKept";

import { documentOf, fieldsOf, type PriceRule } from "./priceRule";
import { PricePreview } from "./PricePreview";
import { PriceRuleForm } from "./PriceRuleForm";
import { PricesWaiting } from "./PricesWaiting";
import type { Connection } from "./rows";
import { lookAgain } from "./useAction";

type Saved = Schemas["SetRuleInput"];

const EVERY_MS = 15_000;
const COLOURS = { off: "gray", preview: "yellow", on: "green" } as const;

/** By which rule a shop shows prices: set, looked at before anything is written, switched on and off. */
export default function Prices({ connection }: { connection: Connection }) {
  const { t } = useWords();
  const queries = useQueryClient();
  const tell = useTellDone();
  const [isChanged, setChanged] = useState(false);
  const params = { path: { connection_id: connection.id } };
  const { found, save } = useEdited({
    key: ["price-rule", connection.id],
    read: (signal) => client.GET("/api/v1/connections/{connection_id}/price-rule", { params, signal }),
    write: (body: Saved, headers) =>
      client.PUT("/api/v1/connections/{connection_id}/price-rule", { params, headers, body }),
    onSaved: async (readAgain) => {
      tell(t("action.saved"));
      await Promise.all([readAgain(), lookAgain(queries)]);
    },
  });
  // What is edited is not disturbed; whether it is on, and the brake, are shown as they are now.
  const live = api.useQuery(
    "get",
    "/api/v1/connections/{connection_id}/price-rule",
    { params },
    { refetchInterval: EVERY_MS },
  );
  const seen = found.data?.data;
  const isOld = seen && live.data && (seen.version !== live.data.version || seen.state !== live.data.state);
  const { refetch } = found;
  useEffect(() => {
    if (isOld) {
      void refetch();
    }
  }, [isOld, refetch]);
  if (found.isPending || live.isPending) {
    return <Loading rows={5} />;
  }
  if (found.data === undefined || live.data === undefined) {
    const retry = () => void Promise.all([found.refetch(), live.refetch()]);
    return <Failed error={found.error ?? live.error} retry={retry} retrying={found.isFetching || live.isFetching} />;
  }
  const readAgain = () => Promise.all([found.refetch(), lookAgain(queries)]);
  return (
    <Stack gap="lg">
      <State connection={connection} rule={live.data} seen={found.data.data} save={save} readAgain={readAgain} />
      {live.data.state === "on" ? <PricesWaiting connectionId={connection.id} /> : null}
      <PriceRuleForm connection={connection} seen={found.data.data} save={save} onChanged={setChanged} />
      <PricePreview connection={connection} rule={live.data} isChanged={isChanged || isOld === true} readAgain={readAgain} />
    </Stack>
  );
}

interface StateProps {
  connection: Connection;
  rule: PriceRule;
  /** The one whose version a change names. */
  seen: PriceRule;
  save: Saving<Saved>;
  readAgain: () => Promise<unknown>;
}

/** Whether prices are written, and what stops them. */
function State({ connection, rule, seen, save, readAgain }: StateProps) {
  const { t } = useWords();
  const tellProblem = useTellProblem();
  const mayRun = useMay("admin") && connection.state !== "sample";
  const [asking, setAsking] = useState(false);
  const { state } = rule;
  // The buttons that switch it off and release the brake go away by that.
  const place = useFocusKept<HTMLDivElement>(`${state} ${rule.braked_at} ${asking}`);
  const off = () => {
    const body = { ...documentOf(fieldsOf(seen), seen.currency), enabled: false };
    save.mutate(body, { onError: tellProblem, onSettled: () => setAsking(false) });
  };
  return (
    <div ref={place} tabIndex={-1} style={{ outline: "none" }}>
      <Section
        title={t("prices.title")}
        lead={t(`prices.${state}.means`)}
        aside={<Told colour={COLOURS[state]}>{t(`prices.${state}`)}</Told>}
      >
        {rule.braked_at === null ? null : (
          <Braked connection={connection} since={rule.braked_at} readAgain={readAgain} />
        )}
        {state !== "off" && connection.state !== "active" ? (
          <Text size="sm">{t("prices.notActive")}</Text>
        ) : null}
        {state !== "off" && mayRun ? (
          <Group>
            <Button variant="default" size="xs" onClick={() => setAsking(true)}>
              {t("prices.switchOff")}
            </Button>
          </Group>
        ) : null}
        <Confirm
          opened={asking}
          title={t("prices.switchOff.ask", { shop: connection.name })}
          action={t("prices.switchOff")}
          danger
          busy={save.isPending}
          onConfirm={off}
          onClose={() => setAsking(false)}
          onClosed={() => focusIfLost(() => place.current)}
        >
          <Text size="sm">{t("prices.switchOff.means")}</Text>
        </Confirm>
      </Section>
    </div>
  );
}

interface BrakedProps {
  connection: Connection;
  since: string;
  readAgain: () => Promise<unknown>;
}

function Braked({ connection, since, readAgain }: BrakedProps) {
  const { t } = useWords();
  return (
    <Alert color="yellow" icon={<Icon name="stop" />} title={t("prices.braked")} role="alert">
      <Stack gap="sm" align="flex-start">
        <Text size="sm">
          {t("brakes.since")} <Ago at={since} />. {t("prices.braked.means")}
        </Text>
        <ReleaseBrake kind="prices" shopId={connection.id} shop={connection.name} onReleased={readAgain} />
      </Stack>
    </Alert>
  );
}
