import { Card, SimpleGrid, Stack, Title } from "@mantine/core";

import { api, type Schemas } from "@/api/client";
import { useWords } from "@/i18n/words";
import { type Effect, Effects } from "@/ui/Effects";
import { Search } from "@/ui/Search";
import { Failed } from "@/ui/states";

import { Apply } from "./Apply";
import { type DryRunFilters, EFFECTS } from "./dryRun";
import { Preview } from "./Preview";
import { ShopSums } from "./ShopSums";
import { sumOf } from "./sums";

interface Props {
  /** Of one shop; undefined of all. */
  shopId: number | undefined;
  /** Whether any of them takes part just now. */
  canSync: boolean;
  filters: DryRunFilters;
  onChange: (changes: { effect?: Effect | undefined; q?: string }) => void;
}

/** What a sync would write where, by what is believed of the shops, and the way to have it done. */
export function DryRun({ shopId, canSync, filters, onChange }: Props) {
  const { t } = useWords();
  const scope = shopId === undefined ? {} : { connection_id: shopId };
  const totals = api.useQuery("get", "/api/v1/sync/preview/totals", { params: { query: scope } });
  const sums = totals.data === undefined ? null : sumOf(totals.data);
  return (
    <Stack gap="lg">
      {totals.isError ? (
        <Failed error={totals.error} retry={() => void totals.refetch()} retrying={totals.isFetching} />
      ) : null}
      {totals.data === undefined ? null : <Shops totals={totals.data} />}
      <Stack gap="sm">
        <Apply shopId={shopId} canSync={canSync} totals={totals.data ?? null}>
          <Search value={filters.q ?? ""} hint={t("changes.search")} onChange={(q) => onChange({ q })} />
        </Apply>
        <Effects
          counts={sums}
          effects={EFFECTS}
          atLeast={totals.data?.at_least ?? false}
          value={filters.effect}
          onChange={(effect) => onChange({ effect })}
        />
      </Stack>
      <Preview scope={scope} canSync={canSync} filters={filters} />
    </Stack>
  );
}

/** What would change on which channel. */
function Shops({ totals }: { totals: Schemas["SyncTotals"] }) {
  if (totals.connections.length === 0) {
    return null;
  }
  return (
    <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing="sm">
      {totals.connections.map((shop) => (
        <Card key={shop.connection_id} withBorder padding="sm" component="section" aria-label={shop.connection_name}>
          <Title order={2} size="h6">
            {shop.connection_name}
          </Title>
          <ShopSums shop={shop} />
        </Card>
      ))}
    </SimpleGrid>
  );
}
