import { Group, Stack, Text } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";

import { FirstSync } from "@/features/first_sync/FirstSync";
import { EFFECTS as OF_FIRST_SYNC } from "@/features/first_sync/search";
import { Started } from "@/features/first_sync/Started";
import { DryRun } from "@/features/sync/DryRun";
import { EFFECTS as OF_DRY_RUN } from "@/features/sync/dryRun";
import { useWords } from "@/i18n/words";
import { isTyped, oneFrom, withoutNothing } from "@/ui/address";
import { ButtonLink, TextLink } from "@/ui/links";
import { NoShop } from "@/ui/NoShop";
import { Page } from "@/ui/Page";
import { type ConnectedShop, useShops } from "@/ui/shops";
import { ShopSelect } from "@/ui/ShopSelect";
import { Empty, Failed, Loading } from "@/ui/states";

import type { ChangesSearch } from "./changes";

type Changes = { [K in keyof ChangesSearch]?: ChangesSearch[K] | undefined };

const here = getRouteApi("/inside/changes");

const READING = ["connecting", "importing"];
/** Where nothing is written: before the word for the first sync, and after the end. */
const NOT_BEGUN = [...READING, "review", "disconnected"];
const SYNCING = ["active", "paused"];

function areAll(shops: readonly ConnectedShop[], states: readonly string[]): boolean {
  return shops.every(({ state }) => states.includes(state));
}

/** What would be written where: of a shop before its first sync, or of those that are in step. */
export function ChangesScreen() {
  const { t } = useWords();
  const search = withoutNothing(here.useSearch());
  const { query, list, names } = useShops();
  const navigate = here.useNavigate();
  const shop = list.find((each) => each.id === search.shop);
  return (
    <Page
      title={t("changes.title")}
      lead={shop?.state === "review" ? t("firstSync.lead", { shop: shop.name }) : t("dryRun.lead")}
    >
      {query.isPending ? (
        <Loading rows={6} />
      ) : query.data === undefined ? (
        <Failed error={query.error} retry={() => void query.refetch()} retrying={query.isFetching} />
      ) : areAll(list, ["disconnected"]) ? (
        <NoShop>{t("dryRun.noShop")}</NoShop>
      ) : (
        <Stack gap="lg">
          <ShopSelect
            shops={names}
            value={shop?.id}
            onChange={(id) => void navigate({ search: id === undefined ? {} : { shop: id } })}
            all
          />
          {shop === undefined ? <Waiting list={list} /> : null}
          <Of shop={shop} shops={shop === undefined ? list : [shop]} search={search} />
        </Stack>
      )}
    </Page>
  );
}

/** Shops whose first sync waits for a word. */
function Waiting({ list }: { list: ConnectedShop[] }) {
  const { t } = useWords();
  return list
    .filter(({ state }) => state === "review")
    .map((shop) => (
      <Group key={shop.id} gap="sm" role="note">
        <Text size="sm">{t("firstSync.waits", { shop: shop.name })}</Text>
        <ButtonLink
          to="/changes"
          search={{ shop: shop.id }}
          variant={areAll(list, NOT_BEGUN) ? "filled" : "default"}
        >
          {t("firstSync.look")}
        </ButtonLink>
      </Group>
    ));
}

interface OfProps {
  shop: ConnectedShop | undefined;
  /** That one, or all. */
  shops: readonly ConnectedShop[];
  search: ChangesSearch;
}

function Of({ shop, shops, search }: OfProps) {
  const { t } = useWords();
  const navigate = here.useNavigate();
  const change = (changes: Changes) => {
    const next: ChangesSearch = withoutNothing({ ...search, ...changes });
    // What has begun is no step that one goes back over.
    void navigate({ search: next, replace: "started" in changes || isTyped(search, next) });
  };
  const reading = shops.find(({ state }) => READING.includes(state));
  if (reading !== undefined && areAll(shops, [...READING, "disconnected"])) {
    const state = reading.state as "connecting" | "importing";
    return (
      <Empty icon="shop" title={t(`firstSync.${state}`)}>
        {t(`firstSync.${state}.next`)}
      </Empty>
    );
  }
  if (shop === undefined && areAll(shops, NOT_BEGUN)) {
    return null;
  }
  if (shop?.state === "review" && search.started === undefined) {
    const effect = oneFrom(OF_FIRST_SYNC, search.effect);
    return (
      <FirstSync
        key={shop.id}
        shop={shop}
        source={search.source ?? "syncflow"}
        filters={withoutNothing({ effect, q: search.q }) as { q?: string }}
        onChange={change}
        onStarted={() => change({ started: true, source: undefined, effect: undefined, q: undefined })}
        matching={
          <TextLink to="/matching" search={{ shop: shop.id }} size="sm">
            {t("firstSync.match")}
          </TextLink>
        }
      />
    );
  }
  const effect = oneFrom(OF_DRY_RUN, search.effect);
  return (
    <>
      {shop !== undefined && search.started ? (
        <Started
          shopId={shop.id}
          runLink={(runId) => (
            <TextLink to="/sync/$runId" params={{ runId: String(runId) }} size="sm">
              {t("run.see")}
            </TextLink>
          )}
          onClose={() => change({ started: undefined })}
        />
      ) : null}
      <DryRun
        key={shop?.id ?? 0}
        shopId={shop?.id}
        canSync={shops.some(({ state }) => SYNCING.includes(state))}
        filters={withoutNothing({ effect, q: search.q }) as { q?: string }}
        onChange={change}
      />
    </>
  );
}
