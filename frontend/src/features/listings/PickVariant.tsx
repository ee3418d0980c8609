import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useState } from "react";

import { api } from "@/api/client";
import { useWords } from "@/i18n/words";
import { Search } from "@/ui/Search";
import { Failed, Loading } from "@/ui/states";

import type { Suggestion } from "./evidence";

const FOUND_AT_MOST = 20;

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
      {listing === null ? null : <Found key={listing.listing_id} listing={listing} onPick={onPick} />}
    </Modal>
  );
}

function Found({ listing, onPick }: { listing: Suggestion; onPick: Props["onPick"] }) {
  const { t } = useWords();
  const [term, setTerm] = useState("");
  const found = api.useQuery(
    "get",
    "/api/v1/variants",
    { params: { query: { q: term, limit: FOUND_AT_MOST } } },
    { enabled: term !== "", placeholderData: (before) => before },
  );
  return (
    <Stack gap="md">
      <Text size="sm">{t("matching.pick.for", { title: listing.title })}</Text>
      <Group>
        <Search value={term} hint={t("matching.pick.hint")} onChange={setTerm} />
      </Group>
      {term === "" ? null : found.isPending ? (
        <Loading rows={3} />
      ) : found.data === undefined ? (
        <Failed error={found.error} retry={() => void found.refetch()} retrying={found.isFetching} />
      ) : found.data.items.length === 0 ? (
        <Text size="sm" c="dimmed" role="status">
          {t("matching.pick.none")}
        </Text>
      ) : (
        <Stack component="ul" gap="xs" m={0} p={0} style={{ listStyle: "none" }}>
          {found.data.items.map((variant) => (
            <Group component="li" key={variant.id} justify="space-between" wrap="nowrap" gap="sm">
              <div>
                <Text size="sm" fw={600}>
                  {variant.title}
                </Text>
                <Text size="sm" c="dimmed">
                  {variant.sku ?? t("line.noSku")}
                </Text>
              </div>
              <Button
                size="xs"
                variant="default"
                aria-label={t("matching.pick.do", { title: variant.title })}
                onClick={() => onPick(variant.id)}
              >
                {t("matching.link")}
              </Button>
            </Group>
          ))}
        </Stack>
      )}
    </Stack>
  );
}
