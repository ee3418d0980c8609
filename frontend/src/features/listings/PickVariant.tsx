import { Modal, Stack, Text } from "@mantine/core";

import { useWords } from "@/i18n/words";
import { VariantSearch } from "@/ui/VariantSearch";

import type { Suggestion } from "./evidence";

interface Props {
  /** The listing that it is for; null where nothing is asked. */
  listing: Suggestion | null;
  onPick: (variantId: number) => void;
  onClose: () => void;
}

/** Finds the variant that a listing is, where no suggestion is right. */
export function PickVariant({ listing, onPick, onClose }: Props) {
  const { t } = useWords();
  return (
    <Modal
      opened={listing !== null}
      onClose={onClose}
      title={t("matching.pick.title")}
      size="lg"
      closeButtonProps={{ "aria-label": t("action.close") }}
    >
      {listing === null ? null : (
        <Stack gap="md" key={listing.listing_id}>
          <Text size="sm">{t("matching.pick.for", { title: listing.title })}</Text>
          <VariantSearch
            go={t("matching.link")}
            label={(title) => t("matching.pick.do", { title })}
            onPick={({ id }) => onPick(id)}
            autoFocus
          />
        </Stack>
      )}
    </Modal>
  );
}
