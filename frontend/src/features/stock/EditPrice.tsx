import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQueryClient } from "@tanstack/react-query";

import { api, client, type Schemas } from "@/api/client";
import { problemOf } from "@/api/problem";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { amountIn, amountOf, isAmount, minorOf } from "@/ui/amounts";
import { useTellDone } from "@/ui/done";
import { changeAsShown, useTyped } from "@/ui/editing";
import { Icon } from "@/ui/icons";
import { LeaveGuard } from "@/ui/LeaveGuard";
import { useTellProblem } from "@/ui/notify";
import { NumberField } from "@/ui/NumberField";
import type { Entered } from "@/ui/numbers";
import { useFieldErrors } from "@/ui/problems";
import { Said } from "@/ui/Said";
import { Failed } from "@/ui/states";

import { refresh } from "./changes";

type Listing = Schemas["Listing"];
type Price = NonNullable<Listing["price"]>;
type Variant = Pick<Schemas["VariantDetail"], "price_minor" | "currency">;

interface Props {
  listing: Listing;
  variant: Variant;
  onClose: () => void;
}

/** What a shop asks for a listing: whether that is by its rule, and what stands in the way. */
export default function EditPrice({ listing, variant, onClose }: Props) {
  return listing.price === null ? null : (
    <Stack gap="md">
      <Facts price={listing.price} variant={variant} />
      <State listingId={listing.id} price={listing.price} onClose={onClose} />
      <Form listing={listing} price={listing.price} onClose={onClose} />
    </Stack>
  );
}

function Facts({ price, variant }: { price: Price; variant: Variant }) {
  const { t } = useWords();
  const format = useFormat();
  const told = [
    ["listed.price.shop", price.shop_minor, price.currency],
    ["listed.price.base", variant.price_minor, variant.currency],
  ] as const;
  return (
    <Group gap="xl">
      {told.map(([name, minor, currency]) => (
        <div key={name}>
          <Text size="sm" c="dimmed">
            {t(name)}
          </Text>
          <Text size="xl">{minor === null ? "–" : format.money(minor, currency)}</Text>
        </div>
      ))}
    </Group>
  );
}

/** Why the shop does not show ours, and what can be done about it. */
function State({ listingId, price, onClose }: { listingId: number; price: Price; onClose: () => void }) {
  const { t } = useWords();
  const format = useFormat();
  const queries = useQueryClient();
  const tell = useTellDone();
  const decide = api.useMutation("post", "/api/v1/listings/{listing_id}/price/decision", {
    onSuccess: async () => {
      await refresh(queries);
      tell(t("action.saved"));
      onClose();
    },
  });
  const choose = (choice: "ours" | "shop") =>
    decide.mutate({ params: { path: { listing_id: listingId } }, body: { choice } });
  if (price.state === "active") {
    return price.problem !== "" ? (
      <Alert color="yellow" icon={<Icon name="warn" />} title={t("listed.price.notWritten")}>
        {t(`listed.price.${price.problem}`)}
      </Alert>
    ) : price.dirty ? (
      <Text size="sm" c="dimmed">
        {t("listed.price.waits")}
      </Text>
    ) : null;
  }
  return (
    <Alert color="yellow" icon={<Icon name="warn" />} title={t(`listed.price.${price.state}`)}>
      <Stack gap="sm">
        {price.error === "" ? null : (
          <Text size="sm">
            <Said line={{ text: price.error }} />
          </Text>
        )}
        {price.state === "changed" && price.written_again_at !== null ? (
          <Text size="sm">{t("listed.price.until", { at: format.moment(price.written_again_at) })}</Text>
        ) : null}
        {price.state === "contested" ? <Text size="sm">{t("listed.price.contested.means")}</Text> : null}
        {decide.isError ? <Failed error={decide.error} /> : null}
        <Group gap="xs">
          {price.state === "failed" || price.shop_minor === null ? null : (
            <Button size="xs" loading={decide.isPending} onClick={() => choose("shop")}>
              {t("listed.price.keep", { price: format.money(price.shop_minor, price.currency) })}
            </Button>
          )}
          <Button size="xs" variant="default" loading={decide.isPending} onClick={() => choose("ours")}>
            {t(price.state === "failed" ? "state.retry" : "listed.price.ours")}
          </Button>
        </Group>
      </Stack>
    </Alert>
  );
}

function Form({ listing, price, onClose }: { listing: Listing; price: Price; onClose: () => void }) {
  const { t } = useWords();
  const queries = useQueryClient();
  const tell = useTellProblem();
  const tellDone = useTellDone();
  const said = useFieldErrors();
  const { currency, override_minor: before } = price;
  const params = { path: { listing_id: listing.id } };
  const onSettled = () => refresh(queries);
  const back = api.useMutation("put", "/api/v1/listings/{listing_id}/price", { onError: tell, onSettled });
  const fix = useMutation({
    mutationFn: ({ wanted: override_minor, was }: { wanted: number | null; was: number | null }) =>
      changeAsShown({
        read: () => client.GET("/api/v1/listings/{listing_id}", { params }),
        isAsShown: (now: Listing) => (now.price?.override_minor ?? null) === was,
        write: () => client.PUT("/api/v1/listings/{listing_id}/price", { params, body: { override_minor } }),
      }),
    onSuccess: async (_, { was }) => {
      tellDone(t("listed.price.done", { title: listing.title }), () =>
        back.mutate({ params, body: { override_minor: was } }),
      );
      await onSettled();
      onClose();
    },
    onError: (error) => {
      // Where somebody else was faster, what he has set is shown.
      void onSettled();
      form.setFieldError("own", said(problemOf(error), "override_minor")["override_minor"]);
    },
  });
  const shown: { own: Entered } = { own: amountOf(before, currency) };
  const form = useForm({
    initialValues: shown,
    validate: { own: (own) => (own === "" || isAmount(own, currency, 1) ? null : t("variant.amount.wrong")) },
    validateInputOnBlur: true,
  });
  useTyped(form, shown);
  const wanted = form.values.own === "" ? null : minorOf(form.values.own, currency);
  const isChanged = wanted !== before;
  return (
    <form
      onSubmit={form.onSubmit(() => fix.mutate({ wanted, was: before }))}
      noValidate
    >
      <Stack gap="md">
        <NumberField
          {...amountIn(currency)}
          label={t("listed.price.own", { currency })}
          description={t("listed.price.own.hint")}
          placeholder={t("listed.price.byRule")}
          readOnly={fix.isPending}
          autoFocus
          data-autofocus
          {...form.getInputProps("own")}
        />
        {fix.isError && problemOf(fix.error).field("override_minor") === null ? <Failed error={fix.error} /> : null}
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={onClose}>
            {t("action.cancel")}
          </Button>
          <Button type="submit" disabled={!isChanged} loading={fix.isPending}>
            {t("action.save")}
          </Button>
        </Group>
      </Stack>
      <LeaveGuard isChanged={isChanged && !fix.isPending && !fix.isSuccess} />
    </form>
  );
}
