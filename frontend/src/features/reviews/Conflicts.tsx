import { Button, Group, List, Select, Stack, Text, Title } from "@mantine/core";
import { type RefObject, useMemo, useState } from "react";

import { api } from "@/api/client";
import { itemsOf, PAGES } from "@/api/pages";
import { useWords } from "@/i18n/words";
import { Confirm } from "@/ui/Confirm";
import { Paged } from "@/ui/Paged";
import { For, useMay } from "@/ui/role";
import { useShops } from "@/ui/shops";
import { ShopSelect } from "@/ui/ShopSelect";
import { NoRows } from "@/ui/states";
import { useFocusKept } from "@/ui/useFocusKept";

import { Conflict } from "./Conflict";
import { REASONS, type ReviewFilters } from "./search";
import { type Choice, type Review, useDeciding } from "./useDeciding";
import { useNextCard } from "./useNextCard";

const PAGE = 50;
const MOST_SHOWN = 500;
const EVERY_MS = 60_000;

interface Props {
  filters: ReviewFilters;
  onChange: (changes: { [K in keyof ReviewFilters]?: ReviewFilters[K] | undefined }) => void;
}

/** Numbers that were changed at a shop and wait for a person, one by one or many at once. */
export function Conflicts({ filters, onChange }: Props) {
  const { t } = useWords();
  const { names } = useShops();
  const heading = useFocusKept<HTMLHeadingElement>(filters.variant ?? null);
  return (
    <Stack component="section" gap="sm" aria-label={t("reviews.conflicts")}>
      <Title order={2} size="h4" ref={heading} tabIndex={-1}>
        {t("reviews.conflicts")}
      </Title>
      <Group gap="sm" align="flex-end">
        <ShopSelect shops={names} value={filters.shop} onChange={(shop) => onChange({ shop })} all />
        <Select
          label={t("reviews.reason")}
          placeholder={t("filters.any")}
          data={REASONS.map((value) => ({ value, label: t(`reviews.reason.${value}.short`) }))}
          value={filters.reason ?? null}
          onChange={(reason) => onChange({ reason: REASONS.find((each) => each === reason) })}
          clearable
          clearButtonProps={{ "aria-label": t("filters.any") }}
        />
      </Group>
      {filters.variant === undefined ? null : (
        <OfOne variantId={filters.variant} onAll={() => onChange({ variant: undefined })} />
      )}
      <Open key={JSON.stringify(filters)} filters={filters} heading={heading} />
    </Stack>
  );
}

/** Says that only what bears on one variant's numbers is shown. */
function OfOne({ variantId, onAll }: { variantId: number; onAll: () => void }) {
  const { t } = useWords();
  const params = { path: { variant_id: variantId } };
  const variant = api.useQuery("get", "/api/v1/variants/{variant_id}", { params }).data;
  return (
    <Group gap="xs">
      <Text size="sm">{t("reviews.only", { name: variant?.sku ?? variant?.title ?? "…" })}</Text>
      <Button size="compact-sm" variant="subtle" onClick={onAll}>
        {t("reviews.only.all")}
      </Button>
    </Group>
  );
}

interface OpenProps extends Pick<Props, "filters"> {
  heading: RefObject<HTMLElement | null>;
}

function Open({ filters, heading }: OpenProps) {
  const { t } = useWords();
  const query = {
    limit: PAGE,
    ...(filters.shop === undefined ? {} : { connection_id: filters.shop }),
    ...(filters.variant === undefined ? {} : { variant_id: filters.variant }),
    ...(filters.reason === undefined ? {} : { reason: filters.reason }),
  };
  const list = api.useInfiniteQuery(
    "get",
    "/api/v1/reviews",
    { params: { query } },
    { ...PAGES, refetchInterval: EVERY_MS },
  );
  const deciding = useDeciding();
  const rows = useMemo(
    () => itemsOf(list.data).filter((review) => !deciding.gone.has(review.id)),
    [list.data, deciding.gone],
  );
  const cards = useNextCard(rows, heading);
  const filtered = Object.keys(filters).length > 0;
  return (
    <Paged
      list={list}
      shown={rows.length}
      most={MOST_SHOWN}
      remedy={t("reviews.tooMuch")}
      empty={
        <NoRows filtered={filtered} icon="check" title={t("reviews.none")} noMatch={t("reviews.noMatch")}>
          {t("reviews.none.next")}
        </NoRows>
      }
    >
      <Rows rows={rows} deciding={deciding} cards={cards} />
    </Paged>
  );
}

interface RowsProps {
  rows: Review[];
  deciding: ReturnType<typeof useDeciding>;
  cards: ReturnType<typeof useNextCard>;
}

function Rows({ rows, deciding, cards }: RowsProps) {
  const { t } = useWords();
  const mayDecide = useMay("staff") === true;
  const [ticked, setTicked] = useState<ReadonlySet<number>>(new Set());
  const [asking, setAsking] = useState<Choice | null>(null);
  const picked = rows.filter((review) => ticked.has(review.id));
  const tick = (id: number, on: boolean) =>
    setTicked((before) => new Set(on ? [...before, id] : [...before].filter((each) => each !== id)));
  const everything = picked.length === rows.length;
  return (
    <>
      <For least="staff">
        <Group gap="xs">
          <Button
            size="xs"
            variant="default"
            onClick={() => setTicked(new Set(everything ? [] : rows.map((review) => review.id)))}
          >
            {everything ? t("matching.untick") : t("reviews.tickAll", { count: rows.length })}
          </Button>
          {(["add", "overwrite"] as const).map((choice) => (
            <Button key={choice} size="xs" disabled={picked.length === 0} onClick={() => setAsking(choice)}>
              {t(`reviews.choice.${choice}.many`, { count: picked.length })}
            </Button>
          ))}
        </Group>
      </For>
      <Stack gap="md" {...cards.list}>
        {rows.map((review) => (
          <Conflict
            key={review.id}
            review={review}
            ticked={ticked.has(review.id)}
            mayDecide={mayDecide}
            refusal={deciding.refusals.get(review.id)}
            onTick={(on) => tick(review.id, on)}
            onDecide={(choice) => void deciding.decide([review], choice)}
          />
        ))}
      </Stack>
      <AskForMany
        choice={asking}
        reviews={picked}
        onConfirm={(choice) => {
          setAsking(null);
          setTicked(new Set());
          cards.goToFirst();
          void deciding.decide(picked, choice);
        }}
        onClose={() => setAsking(null)}
        onClosed={cards.go}
      />
    </>
  );
}

interface AskProps {
  choice: Choice | null;
  reviews: Review[];
  onConfirm: (choice: Choice) => void;
  onClose: () => void;
  onClosed: () => void;
}

/** What a choice for all that is ticked does, in figures. */
function AskForMany({ choice, reviews, onConfirm, ...on }: AskProps) {
  const { t } = useWords();
  const changes = reviews.map((review) => review.choices.find((each) => each.choice === choice)?.stock_change ?? 0);
  const added = changes.filter((units) => units > 0).reduce((sum, units) => sum + units, 0);
  const taken = -changes.filter((units) => units < 0).reduce((sum, units) => sum + units, 0);
  const shops = new Map<string, number>();
  reviews.forEach((each) => shops.set(each.connection_name, (shops.get(each.connection_name) ?? 0) + 1));
  return (
    <Confirm
      opened={choice !== null}
      title={t("reviews.ask", { count: reviews.length })}
      action={choice === null ? "" : t(`reviews.choice.${choice}.many`, { count: reviews.length })}
      onConfirm={() => choice !== null && onConfirm(choice)}
      {...on}
    >
      {choice === "add" ? (
        <Text size="sm">{t("reviews.ask.add", { added, taken })}</Text>
      ) : (
        <Text size="sm">{t("reviews.ask.overwrite")}</Text>
      )}
      <List size="sm">
        {[...shops].map(([shop, count]) => (
          <List.Item key={shop}>{t("reviews.ask.shop", { shop, count })}</List.Item>
        ))}
      </List>
      <Text size="sm" c="dimmed">
        {t("reviews.ask.final")}
      </Text>
    </Confirm>
  );
}
