import { Button, Card, Group, Radio, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";

import { api, type Schemas } from "@/api/client";
import { useWords } from "@/i18n/words";
import { type Effect, Effects } from "@/ui/Effects";
import { useTellProblem } from "@/ui/notify";
import { For } from "@/ui/role";
import { Search } from "@/ui/Search";
import type { ConnectedShop } from "@/ui/shops";
import { Failed } from "@/ui/states";
import { toLinkOf, useApart } from "@/ui/unlinked";

import { Ask } from "./Ask";
import { Diff } from "./Diff";
import { type DiffFilters, EFFECTS, type Source, SOURCES } from "./search";

interface Props {
  shop: ConnectedShop;
  source: Source;
  filters: DiffFilters;
  onChange: (changes: { source?: Source | undefined; effect?: Effect | undefined; q?: string }) => void;
  /** Once it was agreed to. */
  onStarted: () => void;
  /** Where listings are linked that are not yet. */
  matching: ReactNode;
}

/** What syncing a shop for the first time would change, whose number is to be right, and the way to begin. */
export function FirstSync({ shop, source, filters, onChange, onStarted, matching }: Props) {
  const { t } = useWords();
  const totals = api.useQuery(
    "get",
    "/api/v1/connections/{connection_id}/first-sync/totals",
    { params: { path: { connection_id: shop.id }, query: { source } } },
    { placeholderData: (before) => before },
  );
  /** Of the source before, while those of this one are asked for: to be looked at, not to be agreed to. */
  const isOld = totals.isPlaceholderData;
  return (
    <Stack gap="lg">
      <Sources value={source} onChange={(next) => onChange({ source: next, effect: undefined })} />
      {totals.isError ? (
        <Failed error={totals.error} retry={() => void totals.refetch()} retrying={totals.isFetching} />
      ) : null}
      <Outcome totals={totals.data ?? null} shop={shop} isOld={isOld} />
      <Unlinked shop={shop} matching={matching} />
      <Stack gap="sm">
        <Group align="flex-end" gap="md">
          <Search value={filters.q ?? ""} hint={t("changes.search")} onChange={(q) => onChange({ q })} />
          <Begin shop={shop} source={source} totals={isOld ? null : (totals.data ?? null)} onStarted={onStarted} />
        </Group>
        <Effects
          counts={totals.data ?? null}
          effects={EFFECTS}
          atLeast={totals.data?.at_least ?? false}
          value={filters.effect}
          onChange={(effect) => onChange({ effect })}
        />
      </Stack>
      <Diff shopId={shop.id} source={source} filters={filters} />
    </Stack>
  );
}

/** The listings that it does not touch. */
function Unlinked({ shop, matching }: Pick<Props, "shop" | "matching">) {
  const { t } = useWords();
  const toLink = toLinkOf(shop);
  const apart = useApart(shop);
  if (toLink === 0 && apart === null) {
    return null;
  }
  return (
    <Stack gap={4} role="note">
      {toLink === 0 ? null : (
        <Group gap="sm">
          <Text size="sm">{t("firstSync.unlinked", { count: toLink })}</Text>
          {matching}
        </Group>
      )}
      {apart === null ? null : (
        <Text size="sm" c="dimmed">
          {apart}
        </Text>
      )}
    </Stack>
  );
}

function Sources({ value, onChange }: { value: Source; onChange: (source: Source) => void }) {
  const { t } = useWords();
  return (
    <Radio.Group
      label={t("firstSync.source")}
      description={t("firstSync.source.hint")}
      value={value}
      onChange={(next) => onChange(next as Source)}
    >
      <SimpleGrid cols={{ base: 1, xs: 2, lg: 4 }} spacing="sm" mt="sm">
        {SOURCES.map((source) => (
          <Card key={source} withBorder padding="sm" component="label" style={{ cursor: "pointer" }}>
            <Radio
              value={source}
              label={t(`firstSync.source.${source}`)}
              description={t(`firstSync.source.${source}.hint`)}
              styles={{ label: { fontWeight: 600 } }}
            />
          </Card>
        ))}
      </SimpleGrid>
    </Radio.Group>
  );
}

interface OutcomeProps {
  totals: Schemas["FirstSyncTotals"] | null;
  shop: ConnectedShop;
  isOld: boolean;
}

/** What comes of it: at this shop, in the stock, at the others. */
function Outcome({ totals, shop, isOld }: OutcomeProps) {
  const { t } = useWords();
  if (totals === null) {
    return null;
  }
  const written = totals.raised + totals.lowered + totals.to_zero;
  const moved = totals.stock_raised + totals.stock_lowered;
  return (
    <SimpleGrid
      cols={{ base: 1, sm: 3 }}
      spacing="sm"
      aria-live="polite"
      aria-busy={isOld}
      style={{ opacity: isOld ? 0.6 : 1 }}
    >
      <Told title={shop.name}>
        {written === 0 ? t("firstSync.shop.nothing") : t("firstSync.shop.written", { count: written })}
        {totals.to_zero === 0 ? "" : ` ${t("firstSync.shop.zero", { count: totals.to_zero })}`}
        {totals.unchanged === 0 ? "" : ` ${t("firstSync.shop.unchanged", { count: totals.unchanged })}`}
      </Told>
      <Told title={t("firstSync.stock")}>
        {moved === 0
          ? t("firstSync.stock.nothing")
          : t("firstSync.stock.moved", { count: moved, added: totals.units_added, taken: totals.units_taken })}
      </Told>
      <Told title={t("firstSync.others")}>
        {totals.followers.length === 0
          ? t("firstSync.others.nothing")
          : totals.followers
              .map((each) => t("firstSync.others.follow", { shop: each.connection_name, count: each.numbers }))
              .join(" ")}
      </Told>
    </SimpleGrid>
  );
}

function Told({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Card withBorder padding="sm" component="section" aria-label={title}>
      <Title order={2} size="h6">
        {title}
      </Title>
      <Text size="sm">{children}</Text>
    </Card>
  );
}

interface BeginProps {
  shop: ConnectedShop;
  source: Source;
  totals: Schemas["FirstSyncTotals"] | null;
  onStarted: () => void;
}

function Begin({ shop, source, totals, onStarted }: BeginProps) {
  const { t } = useWords();
  const tell = useTellProblem();
  const queries = useQueryClient();
  const [asking, setAsking] = useState(false);
  const approve = api.useMutation("post", "/api/v1/connections/{connection_id}/first-sync", {
    onSuccess: async () => {
      setAsking(false);
      onStarted();
      await queries.invalidateQueries({ queryKey: ["get", "/api/v1/connections"] });
    },
    onError: (error) => {
      setAsking(false);
      tell(error);
    },
  });
  return (
    <For least="admin">
      <Button onClick={() => setAsking(true)} disabled={totals === null}>
        {t("firstSync.begin")}
      </Button>
      {totals === null ? null : (
        <Ask
          opened={asking}
          shop={shop}
          source={source}
          totals={totals}
          busy={approve.isPending}
          onConfirm={() => approve.mutate({ params: { path: { connection_id: shop.id }, query: { source } } })}
          onClose={() => setAsking(false)}
        />
      )}
    </For>
  );
}
