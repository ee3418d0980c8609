import { Button, Card, Group, Modal, Stack, Text, VisuallyHidden } from "@mantine/core";
import { lazy, type ReactNode, Suspense, useMemo, useRef, useState } from "react";

import type { Schemas } from "@/api/client";
import { type Format, useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { type Column, DataTable } from "@/ui/DataTable";
import { PlainSection } from "@/ui/PlainSection";
import { Said } from "@/ui/Said";
import { useShops } from "@/ui/shops";
import { Loading } from "@/ui/states";

import { None } from "./None";
import { Unlink } from "./Unlink";

type Listing = Schemas["Listing"];

/** What can be done with one. */
const ACTS = ["edit", "price", "link", "unlink"] as const;
type Act = (typeof ACTS)[number];
interface Asked {
  listing: Listing;
  act: Act;
}

const EditRules = lazy(() => import("./EditRules"));
const EditPrice = lazy(() => import("./EditPrice"));
const LinkElsewhere = lazy(() => import("./LinkElsewhere"));

const NUMERIC = ["shows", "price"];

interface Props {
  variant: Pick<Schemas["VariantDetail"], "id" | "listings" | "price_minor" | "currency">;
  mayChange: boolean;
}

/** What shops sell of it, and by which rules of its own. */
export function Listings({ variant, mayChange }: Props) {
  const { t } = useWords();
  const [asked, setAsked] = useState<Asked | null>(null);
  const [isAsking, setAsking] = useState(false);
  const close = () => setAsking(false);
  const list = useRef<HTMLDivElement>(null);
  const focusList = () => list.current?.focus();
  const actions = useMemo(() => {
    const ask = (listing: Listing, act: Act) => {
      setAsked({ listing, act });
      setAsking(true);
    };
    return mayChange ? (listing: Listing) => <Actions listing={listing} onAsk={ask} /> : null;
  }, [mayChange]);
  const listing = asked?.listing ?? null;
  const dialog = (act: Act) => ({ opened: isAsking && asked?.act === act, onClose: close });
  return (
    <PlainSection title={t("listed.title")}>
      <Card withBorder ref={list} tabIndex={-1} {...(variant.listings.length === 0 ? {} : { padding: 0 })}>
        {variant.listings.length === 0 ? (
          <None>{t("listed.none")}</None>
        ) : (
          <Table listings={variant.listings} actions={actions} />
        )}
      </Card>
      <Dialog {...dialog("edit")} title={t("listed.edit.one", { title: listing?.title ?? "" })}>
        {listing === null ? null : <EditRules listingId={listing.id} onClose={close} />}
      </Dialog>
      <Dialog {...dialog("price")} title={t("listed.price.one", { title: listing?.title ?? "" })}>
        {listing === null ? null : (
          <EditPrice
            listing={variant.listings.find(({ id }) => id === listing.id) ?? listing}
            variant={variant}
            onClose={close}
          />
        )}
      </Dialog>
      <Dialog {...dialog("link")} title={t("listed.link.ask", { title: listing?.title ?? "" })}>
        {listing === null ? null : (
          <LinkElsewhere listing={listing} variantId={variant.id} onClose={close} onLinked={focusList} />
        )}
      </Dialog>
      <Unlink {...dialog("unlink")} listing={listing} variantId={variant.id} onUnlinked={focusList} />
    </PlainSection>
  );
}

interface TableProps {
  listings: Listing[];
  /** Null where nothing may be done; else stable from render to render. */
  actions: ((listing: Listing) => ReactNode) | null;
}

function Table({ listings, actions }: TableProps) {
  const { t } = useWords();
  const format = useFormat();
  const columns = useColumns(actions, listings.some((listing) => priceOf(listing, format) !== ""));
  return (
    <DataTable
      label={t("listed.title")}
      columns={columns}
      rows={listings}
      rowId={(listing) => String(listing.id)}
      numeric={NUMERIC}
      card={(listing) => (
        <Stack gap={4}>
          <Group justify="space-between" wrap="nowrap">
            <Text size="sm" fw={600}>
              <Shop listing={listing} />
            </Text>
            <Text size="sm">{[shownBy(listing, format), priceOf(listing, format)].filter(Boolean).join(" · ")}</Text>
          </Group>
          <Name listing={listing} />
          <Rules listing={listing} />
          {actions?.(listing)}
        </Stack>
      )}
    />
  );
}

/** Those that stay when others come are the same: what has the focus in them keeps it. */
function useColumns(actions: TableProps["actions"], hasPrices: boolean): Column<Listing>[] {
  const { t } = useWords();
  const format = useFormat();
  const told = useMemo(
    (): Column<Listing>[] => [
      { id: "shop", header: t("order.shop"), cell: ({ row }) => <Shop listing={row.original} /> },
      { id: "listing", header: t("listed.listing"), cell: ({ row }) => <Name listing={row.original} /> },
      { id: "shows", header: t("listed.shows"), cell: ({ row }) => shownBy(row.original, format) },
      ...(hasPrices
        ? [{ id: "price", header: t("stock.price"), cell: ({ row }) => priceOf(row.original, format) } as Column<Listing>]
        : []),
      { id: "rules", header: t("listed.rules"), cell: ({ row }) => <Rules listing={row.original} /> },
    ],
    [t, format, hasPrices],
  );
  return useMemo(() => {
    const header = () => <VisuallyHidden>{t("listed.actions")}</VisuallyHidden>;
    return actions === null
      ? told
      : [...told, { id: "actions", header, cell: ({ row }) => actions(row.original) }];
  }, [t, told, actions]);
}

function Shop({ listing }: { listing: Listing }) {
  return useShops().names.get(listing.connection_id) ?? "";
}

function Actions({ listing, onAsk }: { listing: Listing; onAsk: (listing: Listing, act: Act) => void }) {
  const { t } = useWords();
  return (
    <Group gap="xs" justify="flex-end">
      {ACTS.filter((act) => act !== "price" || listing.price !== null).map((act) => (
        <Button
          key={act}
          size="xs"
          variant="default"
          aria-label={t(`listed.${act}.one`, { title: listing.title })}
          onClick={() => onAsk(listing, act)}
        >
          {t(`listed.${act}`)}
        </Button>
      ))}
    </Group>
  );
}

interface DialogProps {
  opened: boolean;
  title: string;
  children: ReactNode;
  onClose: () => void;
}

/** Its content is loaded once it is asked for. */
function Dialog({ children, ...dialog }: DialogProps) {
  const { t } = useWords();
  return (
    <Modal {...dialog} size="lg" closeButtonProps={{ "aria-label": t("action.close") }}>
      <Suspense fallback={<Loading rows={4} />}>{children}</Suspense>
    </Modal>
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
  const { paused, factor, share_percent: share, buffer, cap, fixed_quantity: fixed, price, error, error_said } = listing;
  const told = [
    paused ? t("listed.paused") : null,
    factor === 1 ? null : t("listed.pack", { count: factor }),
    share === null ? null : t("listed.share", { count: share }),
    buffer === null ? null : t("listed.buffer", { count: buffer }),
    cap === null ? null : t("listed.cap", { count: cap }),
    fixed === null ? null : t("listed.fixed", { count: fixed }),
    (price?.override_minor ?? null) === null ? null : t("listed.ownPrice"),
  ].filter((words) => words !== null);
  return (
    <>
      <Text size="sm">{told.length === 0 ? t("listed.asShop") : told.join(" · ")}</Text>
      {error ? (
        <Text size="xs" c="var(--mantine-color-error)">
          <Said line={{ text: error, ...error_said }} />
        </Text>
      ) : null}
      {price === null || price.state === "active" ? null : (
        <Text size="xs" c="var(--mantine-color-error)">
          {t("stock.price")}: {t(`listed.price.${price.state}`)}
        </Text>
      )}
    </>
  );
}
