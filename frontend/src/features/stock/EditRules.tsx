import { Button, Checkbox, Group, SimpleGrid, Stack, Text } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQueryClient } from "@tanstack/react-query";

import { client, type Schemas } from "@/api/client";
import { problemOf } from "@/api/problem";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { useTellDone } from "@/ui/done";
import { type Saving, useEdited, useTyped } from "@/ui/editing";
import { LeaveGuard } from "@/ui/LeaveGuard";
import { NumberField } from "@/ui/NumberField";
import { MOST_UNITS } from "@/ui/numbers";
import { useFieldErrors } from "@/ui/problems";
import { useShops } from "@/ui/shops";
import { Failed, Loading } from "@/ui/states";

import { refresh } from "./changes";
import { changesOf, faultsOf, LARGEST_PACK, NAMES, type Rules, rulesOf } from "./listingRules";
import { RulesPreview } from "./RulesPreview";

type Change = Schemas["ConfigureListingInput"];

/** The hint comes below: however long, fields beside each other are at one height. */
const ORDER: ("label" | "input" | "error" | "description")[] = ["label", "input", "error", "description"];

/** Says anew how much of what there is one listing shows. */
export default function EditRules({ listingId, onClose }: { listingId: number; onClose: () => void }) {
  const { t } = useWords();
  const queries = useQueryClient();
  const tell = useTellDone();
  const params = { path: { listing_id: listingId } };
  const { found, save } = useEdited({
    key: ["listing-rules", listingId],
    read: (signal) => client.GET("/api/v1/listings/{listing_id}", { params, signal }),
    write: (body: Change, headers) => client.PATCH("/api/v1/listings/{listing_id}", { params, headers, body }),
    onSaved: async () => {
      await refresh(queries);
      tell(t("rules.saved"));
      onClose();
    },
  });
  if (found.isPending) {
    return <Loading rows={5} />;
  }
  if (found.data === undefined) {
    return <Failed error={found.error} retry={() => void found.refetch()} retrying={found.isFetching} />;
  }
  return <Form listing={found.data.data} save={save} onClose={onClose} />;
}

interface FormProps {
  /** As it was when the form began. */
  listing: Schemas["Listing"];
  save: Saving<Change>;
  onClose: () => void;
}

function Form({ listing, save, onClose }: FormProps) {
  const { t } = useWords();
  const said = useFieldErrors();
  const before = rulesOf(listing);
  const form = useForm<Rules>({
    initialValues: before,
    validate: (rules) => Object.fromEntries(faultsOf(rules).map((name) => [name, t("rules.wrong")])),
    validateInputOnChange: true,
  });
  useTyped(form, before);
  const shops = useOfShop(listing.connection_id);
  const changes = changesOf(form.values, before);
  const isChanged = Object.keys(changes).length > 0;
  const isRight = faultsOf(form.values).length === 0;
  const isOfField = NAMES.some((name) => problemOf(save.error).field(name) !== null);
  const number = { min: 0, max: MOST_UNITS, readOnly: save.isPending, inputWrapperOrder: ORDER };
  return (
    <form
      onSubmit={form.onSubmit((rules) =>
        save.mutate(changesOf(rules, before), { onError: (error) => form.setErrors(said(problemOf(error), ...NAMES)) }),
      )}
      noValidate
    >
      <Stack gap="md">
        <Text size="sm" c="dimmed">
          {t("listed.edit.lead")}
        </Text>
        <Checkbox
          label={t("listed.edit.paused")}
          description={t("listed.edit.paused.hint")}
          autoFocus
          data-autofocus
          disabled={save.isPending}
          {...form.getInputProps("paused", { type: "checkbox" })}
        />
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          <NumberField
            {...number}
            label={t("rules.share")}
            description={t("listed.edit.share.hint")}
            placeholder={shops.share}
            max={100}
            {...form.getInputProps("share_percent")}
          />
          <NumberField
            {...number}
            label={t("rules.buffer")}
            description={t("listed.edit.buffer.hint")}
            placeholder={shops.buffer}
            {...form.getInputProps("buffer")}
          />
          <NumberField
            {...number}
            label={t("rules.cap")}
            description={t("listed.edit.cap.hint")}
            placeholder={shops.cap}
            {...form.getInputProps("cap")}
          />
          <NumberField
            {...number}
            label={t("listed.edit.fixed")}
            description={t("listed.edit.fixed.hint")}
            placeholder={t("rules.cap.none")}
            {...form.getInputProps("fixed_quantity")}
          />
          <NumberField
            {...number}
            label={t("listed.edit.pack")}
            description={t("listed.edit.pack.hint")}
            min={1}
            max={LARGEST_PACK}
            {...form.getInputProps("factor")}
          />
        </SimpleGrid>
        <RulesPreview listing={listing} changes={isRight ? changes : null} />
        {save.isError && !isOfField ? <Failed error={save.error} /> : null}
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={onClose}>
            {t("action.cancel")}
          </Button>
          <Button type="submit" disabled={!isChanged} loading={save.isPending}>
            {t("action.save")}
          </Button>
        </Group>
      </Stack>
      <LeaveGuard isChanged={isChanged && !save.isPending} />
    </form>
  );
}

/** What stands in an empty field: what goes for all of its shop. */
function useOfShop(connectionId: number): { share: string; buffer: string; cap: string } {
  const { t } = useWords();
  const format = useFormat();
  const shop = useShops().list.find(({ id }) => id === connectionId);
  if (shop === undefined) {
    const unknown = t("listed.asShop");
    return { share: unknown, buffer: unknown, cap: unknown };
  }
  const as = (value: string) => t("listed.edit.asShop", { value });
  return {
    share: as(`${format.number(shop.share_percent)} %`),
    buffer: as(format.number(shop.buffer)),
    cap: as(shop.cap === null ? t("listed.edit.noLimit") : format.number(shop.cap)),
  };
}
