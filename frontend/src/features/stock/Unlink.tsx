import { Stack, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";

import { api, type Schemas } from "@/api/client";
import { useWords } from "@/i18n/words";
import { Confirm } from "@/ui/Confirm";
import { useTellDone } from "@/ui/done";
import { useTellProblem } from "@/ui/notify";

import { refreshLinks } from "./changes";

interface Props {
  /** Null where nothing was asked yet. */
  listing: Schemas["Listing"] | null;
  opened: boolean;
  variantId: number;
  onClose: () => void;
  /** The row that was asked from is gone. */
  onUnlinked: () => void;
}

/** Says what it means that a listing is no longer this SKU, before it is done. */
export function Unlink({ listing, opened, variantId, onClose, onUnlinked }: Props) {
  const { t } = useWords();
  const queries = useQueryClient();
  const tell = useTellProblem();
  const tellDone = useTellDone();
  const onSettled = () => refreshLinks(queries);
  const link = api.useMutation("post", "/api/v1/listings/{listing_id}/link", { onError: tell, onSettled });
  const unlink = api.useMutation("post", "/api/v1/listings/{listing_id}/unlink", {
    onError: tell,
    onSuccess: ({ title }, { params }) =>
      tellDone(t("listed.unlink.done", { title }), () => link.mutate({ params, body: { variant_id: variantId } })),
    onSettled: async (_answer, error) => {
      await onSettled();
      onClose();
      if (error === null) {
        onUnlinked();
      }
    },
  });
  return (
    <Confirm
      opened={opened}
      title={t("listed.unlink.ask", { title: listing?.title ?? "" })}
      action={t("listed.unlink")}
      busy={unlink.isPending}
      onConfirm={() => (listing === null ? undefined : unlink.mutate({ params: { path: { listing_id: listing.id } } }))}
      onClose={onClose}
    >
      <Stack gap="xs">
        <Text size="sm">{t("listed.unlink.number")}</Text>
        <Text size="sm">{t("listed.unlink.orders")}</Text>
        <Text size="sm">{t("listed.unlink.later")}</Text>
      </Stack>
    </Confirm>
  );
}
