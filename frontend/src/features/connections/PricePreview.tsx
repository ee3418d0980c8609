import { Button, Group, Stack, Text } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useMemo, useRef, useState } from "react";

import { api, client, type Schemas } from "@/api/client";
import { PAGES } from "@/api/pages";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { Confirm } from "@/ui/Confirm";
import type { Column } from "@/ui/DataTable";
import { useTellDone } from "@/ui/done";
import { Effects, type PriceEffect } from "@/ui/Effects";
import { useTellProblem } from "@/ui/notify";
import { PagedTable } from "@/ui/PagedTable";
import { Product } from "@/ui/Product";
import { useMay } from "@/ui/role";
import { Section } from "@/ui/Section";
import { Failed, Loading, NoRows } from "@/ui/states";
import { focusIfLost } from "@/ui/useFocusKept";

import type { PriceRule } from "./priceRule";
import type { Connection } from "./rows";

type Row = Schemas["PreviewRow"];
type Summary = Schemas["Summary"];

const PREVIEW = "/api/v1/connections/{connection_id}/price-preview";
const SUMMARY = `${PREVIEW}/summary` as const;
const PAGE = 50;
/** While prices are written; all of them are looked at for it. */
const EVERY_MS = 60_000;
const CHANGES = ["raised", "lowered", "cannot", "unchanged"] as const satisfies readonly PriceEffect[];
const NUMERIC = ["now", "then"];

interface Props {
  connection: Connection;
  /** As it is saved. */
  rule: PriceRule;
  /** Whether another one stands in the form. */
  isChanged: boolean;
  readAgain: () => Promise<unknown>;
}

/** What the shop shows and what it would show by the rule, before anything is written. */
export function PricePreview({ connection, rule, isChanged, readAgain }: Props) {
  const { t } = useWords();
  const place = useRef<HTMLDivElement>(null);
  const params = { path: { connection_id: connection.id } };
  // What is applied is the version that was seen, so that each is asked for anew.
  const summary = useQuery({
    queryKey: ["get", SUMMARY, connection.id, rule.version],
    queryFn: async ({ signal }) => (await client.GET(SUMMARY, { params, signal })).data as Summary,
    enabled: rule.version > 0,
    refetchInterval: rule.state === "on" && EVERY_MS,
  });
  return (
    <div ref={place} tabIndex={-1} style={{ outline: "none" }}>
      <Section
        title={t("preview.title")}
        lead={t(rule.version === 0 ? "prices.preview.first" : isChanged ? "prices.preview.saved" : "prices.preview.lead")}
        aside={
          rule.state === "preview" && summary.data !== undefined ? (
            <Apply
              connection={connection}
              rule={rule}
              summary={summary.data}
              disabled={isChanged}
              readAgain={readAgain}
              onClosed={() => focusIfLost(() => place.current)}
            />
          ) : null
        }
      >
        {rule.version === 0 ? null : summary.isPending ? (
          <Loading rows={4} />
        ) : summary.data === undefined ? (
          <Failed error={summary.error} retry={() => void summary.refetch()} retrying={summary.isFetching} />
        ) : (
          <Rows connection={connection} rule={rule} summary={summary.data} />
        )}
      </Section>
    </div>
  );
}

interface ApplyProps {
  connection: Connection;
  rule: PriceRule;
  summary: Summary;
  disabled: boolean;
  readAgain: () => Promise<unknown>;
  onClosed: () => void;
}

function Apply({ connection, rule, summary, disabled, readAgain, onClosed }: ApplyProps) {
  const { t } = useWords();
  const tell = useTellDone();
  const tellProblem = useTellProblem();
  const mayRun = useMay("admin") && connection.state !== "sample";
  const [asking, setAsking] = useState(false);
  const apply = api.useMutation("post", "/api/v1/connections/{connection_id}/price-rule/apply", {
    onSuccess: () => tell(t("prices.applied", { shop: connection.name })),
    onError: tellProblem,
    // Where it was refused somebody was faster: what is so now is shown.
    onSettled: async () => {
      setAsking(false);
      await readAgain();
    },
  });
  const { raised, lowered, cannot, large } = summary;
  const params = { path: { connection_id: connection.id } };
  return mayRun ? (
    <>
      <Button disabled={disabled} onClick={() => setAsking(true)}>
        {t("prices.apply")}
      </Button>
      <Confirm
        opened={asking}
        title={t("prices.apply.ask", { shop: connection.name })}
        action={t("prices.apply")}
        danger
        busy={apply.isPending}
        onConfirm={() => apply.mutate({ params, body: { version: rule.version } })}
        onClose={() => setAsking(false)}
        onClosed={onClosed}
      >
        <Text size="sm" fw={600}>
          {t("prices.apply.figures", { raised, lowered, cannot })}
        </Text>
        {large === 0 ? null : (
          <Text size="sm" fw={600} c="var(--mantine-color-error)">
            {t("prices.apply.large", { count: large, percent: rule.brake_change_percent })}
          </Text>
        )}
        <Text size="sm">{t("prices.apply.means")}</Text>
        <Text size="sm">{t("prices.agreed")}</Text>
      </Confirm>
    </>
  ) : null;
}

function Rows({ connection, rule, summary }: { connection: Connection; rule: PriceRule; summary: Summary }) {
  const { t } = useWords();
  const format = useFormat();
  const [change, setChange] = useState<PriceEffect>();
  const list = useInfiniteQuery({
    queryKey: ["get", PREVIEW, connection.id, rule.version, change],
    queryFn: async ({ pageParam, signal }) => {
      const query = { limit: PAGE, ...(change && { change }), ...(pageParam !== null && { cursor: pageParam }) };
      const params = { path: { connection_id: connection.id }, query };
      return (await client.GET(PREVIEW, { params, signal })).data as Schemas["PreviewRowPage"];
    },
    refetchInterval: rule.state === "on" && EVERY_MS,
    ...PAGES,
  });
  const columns = useColumns(rule.currency);
  return (
    <Stack gap="sm">
      <Effects
        counts={summary}
        effects={CHANGES}
        atLeast={false}
        value={change}
        onChange={setChange}
      />
      {summary.large === 0 ? null : (
        <Text size="sm">
          {t("prices.large", { count: summary.large, percent: format.number(rule.brake_change_percent) })}
        </Text>
      )}
      <PagedTable
        label={t("preview.title")}
        query={list}
        columns={columns}
        rowId={rowId}
        numeric={NUMERIC}
        card={(row) => <PriceCard row={row} currency={rule.currency} />}
        remedy={t("prices.tooMuch")}
        empty={
          <NoRows filtered={change !== undefined} icon="link" title={t("prices.none")} noMatch={t("changes.noMatch")}>
            {t("prices.none.next")}
          </NoRows>
        }
      />
    </Stack>
  );
}

function rowId(row: Row): string {
  return String(row.listing_id);
}

function useColumns(currency: string): Column<Row>[] {
  const { t } = useWords();
  return useMemo(
    () => [
      {
        id: "what",
        header: t("preview.listing"),
        cell: ({ row }) => <Product title={row.original.title} sku={row.original.sku} />,
      },
      {
        id: "now",
        header: t("preview.old"),
        cell: ({ row }) => <Money minor={row.original.shop_minor} currency={currency} />,
      },
      { id: "then", header: t("preview.new"), cell: ({ row }) => <Then row={row.original} currency={currency} /> },
      { id: "why", header: t("prices.why"), cell: ({ row }) => <Why row={row.original} /> },
    ],
    [t, currency],
  );
}

function Money({ minor, currency }: { minor: number | null; currency: string }) {
  const format = useFormat();
  return minor === null ? "–" : format.money(minor, currency);
}

function Then({ row, currency }: { row: Row; currency: string }) {
  const format = useFormat();
  const { shop_minor: now, new_minor: then, change } = row;
  const isOther = change === "raised" || change === "lowered";
  return (
    <Text span size="sm" fw={isOther ? 650 : 400} style={{ whiteSpace: "nowrap" }}>
      <Money minor={then} currency={currency} />
      {isOther && now && then !== null ? (
        <Text span inherit fw={400} c="dimmed">
          {" "}
          ({format.number(then / now - 1, { style: "percent", signDisplay: "exceptZero", maximumFractionDigits: 1 })})
        </Text>
      ) : null}
    </Text>
  );
}

function Why({ row }: { row: Row }) {
  const { t } = useWords();
  return row.problem === "" ? null : <Text size="sm">{t(`listed.price.${row.problem}`)}</Text>;
}

function PriceCard({ row, currency }: { row: Row; currency: string }) {
  const { t } = useWords();
  return (
    <Stack gap={6}>
      <Product title={row.title} sku={row.sku} />
      <Group gap="lg">
        <Text size="sm">
          {t("preview.old")}: <Money minor={row.shop_minor} currency={currency} />
        </Text>
        <Text size="sm" component="div">
          {t("preview.new")}: <Then row={row} currency={currency} />
        </Text>
      </Group>
      <Why row={row} />
    </Stack>
  );
}
