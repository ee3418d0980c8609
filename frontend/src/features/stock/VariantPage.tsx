import { Badge, Button, Card, Group, SimpleGrid, Stack, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { lazy, type ReactNode, Suspense } from "react";

import { api, type Schemas } from "@/api/client";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { useTellDone } from "@/ui/done";
import { BackLink } from "@/ui/links";
import { useTellProblem } from "@/ui/notify";
import { Page } from "@/ui/Page";
import { PlainSection } from "@/ui/PlainSection";
import { useMay } from "@/ui/role";
import { Failed, Loading } from "@/ui/states";
import { useFocusKept } from "@/ui/useFocusKept";

import { hasOwn, nothingOf } from "./cells";
import { refresh } from "./changes";
import { Figure } from "./Figure";
import { Levels } from "./Levels";
import { Listings } from "./Listings";
import { Parts } from "./Parts";
import { Shops } from "./Shops";
import { useInPlace } from "./useInPlace";
import type { Row } from "./useStockPages";
import { useUsualThreshold } from "./useUsualThreshold";
import { Why } from "./Why";

type Variant = Schemas["VariantDetail"];

const here = getRouteApi("/inside/stock/$variantId");
const Chart = lazy(() => import("./Chart"));
const EditVariant = lazy(() => import("./EditVariant"));

interface Props {
  orderLink: (orderId: number, text: string) => ReactNode;
  /** To what holds a variant's numbers. */
  reviewLink: (variantId: number, text: string) => ReactNode;
}

/** One SKU: what there is where, what each shop shows, how it came to that, and what it is made of. */
export function VariantPage(links: Props) {
  const { t } = useWords();
  const { variantId } = here.useParams();
  const id = Number(variantId);
  const mayChange = useMay("staff") ?? false;
  const variant = api.useQuery("get", "/api/v1/variants/{variant_id}", { params: { path: { variant_id: id } } });
  const row = useRow(id);
  if (variant.isPending || row.isPending) {
    return (
      <Page title={t("stock.one")} lead={<Back />}>
        <Loading rows={6} />
      </Page>
    );
  }
  const failed = variant.data === undefined ? variant : row.data === undefined ? row : null;
  if (failed !== null || variant.data === undefined || row.data === undefined) {
    return (
      <Page title={t("stock.one")} lead={<Back />}>
        <Failed
          error={failed?.error}
          retry={() => void failed?.refetch()}
          retrying={failed?.isFetching ?? false}
        />
      </Page>
    );
  }
  return (
    <Found
      key={id}
      variant={variant.data}
      row={row.data}
      problem={variant.isError ? <Failed error={variant.error} retry={() => void variant.refetch()} /> : null}
      mayChange={mayChange}
      {...links}
    />
  );
}

function Back() {
  const { t } = useWords();
  return <BackLink to="/stock">{t("stock.back")}</BackLink>;
}

interface FoundProps extends Props {
  variant: Variant;
  row: Row;
  /** It could not be looked at again. */
  problem: ReactNode;
  mayChange: boolean;
}

function Found({ variant, row, problem, mayChange, orderLink, reviewLink }: FoundProps) {
  const { t } = useWords();
  const { isOpen, open, close, button } = useInPlace();
  return (
    <Page
      title={variant.title}
      lead={<Back />}
      actions={
        mayChange ? (
          <Group gap="xs">
            <Button variant="default" ref={button} disabled={isOpen} onClick={open}>
              {t("action.edit")}
            </Button>
            <Archiving variant={variant} />
          </Group>
        ) : null
      }
    >
      {problem}
      {isOpen ? (
        <Suspense fallback={<Loading rows={3} />}>
          <EditVariant variantId={variant.id} onClose={close} />
        </Suspense>
      ) : (
        <Facts variant={variant} row={row} />
      )}
      <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="lg">
        <Stack gap="lg">
          <Levels row={row} mayChange={mayChange} />
          <Shops row={row} decide={reviewLink(row.variant_id, t("shown.decide"))} />
          <Parts variant={variant} mayChange={mayChange} />
        </Stack>
        <Stack gap="lg">
          <PlainSection title={t("chart.title")}>
            <Suspense fallback={<Loading />}>
              <Chart variantId={variant.id} />
            </Suspense>
          </PlainSection>
          <Why variantId={variant.id} available={row.available} isBundle={row.is_bundle} orderLink={orderLink} />
        </Stack>
      </SimpleGrid>
      <Listings variant={variant} mayChange={mayChange} />
    </Page>
  );
}

/** The variant as the list has it: with what each shop shows. */
function useRow(id: number) {
  return api.useQuery(
    "get",
    "/api/v1/stock",
    { params: { query: { variant_id: [id], limit: 1 } } },
    { select: (page): Row | undefined => page.items[0] },
  );
}

function Facts({ variant, row }: { variant: Variant; row: Row }) {
  const { t } = useWords();
  const format = useFormat();
  const usualThreshold = useUsualThreshold();
  const figures = [
    ["stock.available", row.available, true],
    ["stock.onHand", row.on_hand, hasOwn(row, row.on_hand)],
    ["stock.committed", row.committed, hasOwn(row, row.committed)],
  ] as const;
  const price = (minor: number | null) => (minor === null ? null : format.money(minor, variant.currency));
  const told = [
    [t("stock.sku"), variant.sku ?? t("stock.noSku")],
    [t("stock.barcode"), variant.barcode],
    [t("stock.price"), price(variant.price_minor)],
    [t("stock.cost"), price(variant.unit_cost_minor)],
    [
      t("stock.threshold"),
      variant.low_stock_threshold === null ? usualThreshold : format.number(variant.low_stock_threshold),
    ],
  ].filter((each): each is [string, string] => each[1] !== null);
  return (
    <Card withBorder padding="md">
      <Group justify="space-between" align="flex-start" gap="lg">
        <Group gap="xl">
          {figures.map(([name, value, isThere]) => (
            <div key={name}>
              <Text size="sm" c="dimmed">
                {t(name)}
              </Text>
              <Text size="xl" component="div">
                {isThere ? <Figure value={value} strong /> : nothingOf(t)}
              </Text>
            </div>
          ))}
        </Group>
        <Group gap="md">
          {variant.is_bundle ? <Badge variant="default" tt="none">{t("stock.bundle")}</Badge> : null}
          {variant.archived_at === null ? null : <Badge variant="default" tt="none">{t("stock.archived")}</Badge>}
          {told.map(([name, value]) => (
            <Text key={name} size="sm">
              <Text span c="dimmed" inherit>
                {name}
              </Text>{" "}
              {value}
            </Text>
          ))}
        </Group>
      </Group>
      {row.available < 0 ? (
        <Text size="sm" mt="sm" role="note">
          {t("stock.oversold.hint", { count: -row.available })}
        </Text>
      ) : null}
    </Card>
  );
}

function Archiving({ variant }: { variant: Variant }) {
  const { t } = useWords();
  const queries = useQueryClient();
  const tell = useTellProblem();
  const tellDone = useTellDone();
  const done = { onError: tell, onSettled: () => refresh(queries) };
  const params = { path: { variant_id: variant.id } };
  const restore = api.useMutation("post", "/api/v1/variants/{variant_id}/restore", done);
  const archive = api.useMutation("post", "/api/v1/variants/{variant_id}/archive", {
    ...done,
    onSuccess: () =>
      tellDone(t("stock.archive.done", { name: variant.sku ?? variant.title }), () => restore.mutate({ params })),
  });
  // A button that is busy has no focus, and what it did may have failed.
  const button = useFocusKept<HTMLButtonElement>(`${variant.archived_at} ${archive.isPending || restore.isPending}`);
  return variant.archived_at === null ? (
    <Button ref={button} variant="default" loading={archive.isPending} onClick={() => archive.mutate({ params })}>
      {t("stock.archive")}
    </Button>
  ) : (
    <Button ref={button} variant="default" loading={restore.isPending} onClick={() => restore.mutate({ params })}>
      {t("stock.restore")}
    </Button>
  );
}
