import { Card, Group, Stack, Text } from "@mantine/core";
import { useMemo } from "react";

import type { Schemas } from "@/api/client";
import { type Format, useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { type Column, DataTable } from "@/ui/DataTable";
import { Said } from "@/ui/Said";
import { useShops } from "@/ui/shops";

import { None, Section } from "./Section";

type Listing = Schemas["Listing"];

const NUMERIC = ["shows", "price"];

/** What shops sell of it, and by which rules of its own. */
export function Listings({ variant }: { variant: Pick<Schemas["VariantDetail"], "listings"> }) {
  const { t } = useWords();
  const format = useFormat();
  const { names } = useShops();
  const columns = useColumns(names);
  return (
    <Section title={t("listed.title")}>
      {variant.listings.length === 0 ? (
        <Card withBorder>
          <None>{t("listed.none")}</None>
        </Card>
      ) : (
        <Card withBorder padding={0}>
          <DataTable
            label={t("listed.title")}
            columns={columns}
            rows={variant.listings}
            rowId={(listing) => String(listing.id)}
            numeric={NUMERIC}
            card={(listing) => (
              <Stack gap={4}>
                <Group justify="space-between" wrap="nowrap">
                  <Text size="sm" fw={600}>
                    {names.get(listing.connection_id) ?? ""}
                  </Text>
                  <Text size="sm">{[shownBy(listing, format), priceOf(listing, format)].filter(Boolean).join(" · ")}</Text>
                </Group>
                <Name listing={listing} />
                <Rules listing={listing} />
              </Stack>
            )}
          />
        </Card>
      )}
    </Section>
  );
}

function useColumns(names: ReadonlyMap<number, string>): Column<Listing>[] {
  const { t } = useWords();
  const format = useFormat();
  return useMemo(
    () => [
      { id: "shop", header: t("order.shop"), cell: ({ row }) => names.get(row.original.connection_id) ?? "" },
      { id: "listing", header: t("listed.listing"), cell: ({ row }) => <Name listing={row.original} /> },
      { id: "shows", header: t("listed.shows"), cell: ({ row }) => shownBy(row.original, format) },
      { id: "price", header: t("stock.price"), cell: ({ row }) => priceOf(row.original, format) },
      { id: "rules", header: t("listed.rules"), cell: ({ row }) => <Rules listing={row.original} /> },
    ],
    [t, format, names],
  );
}

function shownBy({ expected }: Listing, format: Format): string {
  return expected === null ? "?" : format.number(expected);
}

/** What the shop asks for it, where that is known. */
function priceOf({ price }: Listing, format: Format): string {
  return price === null || price.shop_minor === null ? "" : format.money(price.shop_minor, price.currency);
}

function Name({ listing }: { listing: Listing }) {
  const { t } = useWords();
  return (
    <div>
      <Text size="sm">{listing.title}</Text>
      <Text size="xs" c="dimmed">
        {listing.sku ?? t("stock.noSku")}
      </Text>
    </div>
  );
}

/** Those that are its own, and what its shop has against it. */
function Rules({ listing }: { listing: Listing }) {
  const { t } = useWords();
  const { paused, factor, share_percent: share, buffer, cap, fixed_quantity: fixed, error, error_said } = listing;
  const told = [
    paused ? t("listed.paused") : null,
    factor === 1 ? null : t("listed.pack", { count: factor }),
    share === null ? null : t("listed.share", { count: share }),
    buffer === null ? null : t("listed.buffer", { count: buffer }),
    cap === null ? null : t("listed.cap", { count: cap }),
    fixed === null ? null : t("listed.fixed", { count: fixed }),
  ].filter((words) => words !== null);
  return (
    <>
      <Text size="sm">{told.length === 0 ? t("listed.asShop") : told.join(" · ")}</Text>
      {error ? (
        <Text size="xs" c="var(--mantine-color-error)">
          <Said line={{ text: error, ...error_said }} />
        </Text>
      ) : null}
    </>
  );
}
