import { Button, Group, Stack, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api, type Schemas } from "@/api/client";
import { useWords } from "@/i18n/words";
import { useTellDone } from "@/ui/done";
import { useTellProblem } from "@/ui/notify";
import { Failed } from "@/ui/states";
import { VariantSearch } from "@/ui/VariantSearch";

import { refreshLinks } from "./changes";

type Variant = Schemas["Variant"];

interface Props {
  listing: Schemas["Listing"];
  variantId: number;
  onClose: () => void;
  /** The row that was asked from is gone. */
  onLinked: () => void;
}

/** Finds another SKU that a listing is, and says what that means, before it is done. */
export default function LinkElsewhere({ listing, variantId, onClose, onLinked }: Props) {
  const { t } = useWords();
  const queries = useQueryClient();
  const tell = useTellProblem();
  const tellDone = useTellDone();
  const [chosen, setChosen] = useState<Variant | null>(null);
  const params = { path: { listing_id: listing.id } };
  const onSettled = () => refreshLinks(queries);
  const back = api.useMutation("post", "/api/v1/listings/{listing_id}/link", { onError: tell, onSettled });
  const link = api.useMutation("post", "/api/v1/listings/{listing_id}/link", {
    onSuccess: async () => {
      const name = chosen === null ? "" : nameOf(chosen);
      tellDone(t("listed.link.done", { title: listing.title, name }), () =>
        back.mutate({ params, body: { variant_id: variantId } }),
      );
      await onSettled();
      onClose();
      onLinked();
    },
  });
  if (chosen === null) {
    return (
      <Stack gap="md">
        <Text size="sm">{t("listed.link.lead")}</Text>
        <VariantSearch
          go={t("listed.link.choose")}
          label={(title) => t("listed.link.choose.one", { title })}
          without={new Set([variantId])}
          onPick={setChosen}
          autoFocus
        />
      </Stack>
    );
  }
  return (
    <Stack gap="md">
      <div>
        <Text size="sm" fw={600}>
          {chosen.title}
        </Text>
        <Text size="sm" c="dimmed">
          {chosen.sku ?? t("stock.noSku")} · {t("matching.available", { count: chosen.available })}
        </Text>
      </div>
      <Stack gap="xs">
        <Text size="sm">{t("listed.link.number")}</Text>
        <Text size="sm">{t("listed.link.sold")}</Text>
        <Text size="sm">{t("listed.link.rules")}</Text>
      </Stack>
      {link.isError ? <Failed error={link.error} /> : null}
      <Group justify="flex-end" gap="sm">
        <Button
          variant="default"
          onClick={() => {
            link.reset();
            setChosen(null);
          }}
        >
          {t("listed.link.another")}
        </Button>
        <Button
          autoFocus
          loading={link.isPending}
          onClick={() => link.mutate({ params, body: { variant_id: chosen.id } })}
        >
          {t("listed.link.go")}
        </Button>
      </Group>
    </Stack>
  );
}

function nameOf({ sku, title }: Variant): string {
  return sku ?? title;
}
