import { Button, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";

import { api, type Schemas } from "@/api/client";
import { useWords } from "@/i18n/words";

import { Search } from "./Search";
import { Failed, Loading } from "./states";

const FOUND_AT_MOST = 20;

type Variant = Schemas["Variant"];

interface Props {
  /** What the button beside each says, and what it is called for one of this title. */
  go: string;
  label: (title: string) => string;
  onPick: (variant: Variant) => void;
  /** Bundles are found unless only plain ones are asked for. */
  plain?: boolean;
  /** Those that are not offered. */
  without?: ReadonlySet<number>;
  /** As the first thing in a dialog, or a form. */
  autoFocus?: boolean;
}

/** Finds a variant by any part of its SKU, title or barcode. */
export function VariantSearch({ go, label, onPick, plain = false, without, autoFocus = false }: Props) {
  const { t } = useWords();
  const [term, setTerm] = useState("");
  const query = { q: term, limit: FOUND_AT_MOST, ...(plain ? { is_bundle: false } : {}) };
  const found = api.useQuery(
    "get",
    "/api/v1/variants",
    { params: { query } },
    { enabled: term !== "", placeholderData: (before) => before },
  );
  const offered = found.data?.items.filter(({ id }) => without?.has(id) !== true) ?? [];
  return (
    <>
      <Group>
        <Search value={term} hint={t("stock.search.hint")} onChange={setTerm} autoFocus={autoFocus} />
      </Group>
      {term === "" ? null : found.isPending ? (
        <Loading rows={3} />
      ) : found.data === undefined ? (
        <Failed error={found.error} retry={() => void found.refetch()} retrying={found.isFetching} />
      ) : offered.length === 0 ? (
        <Text size="sm" c="dimmed" role="status">
          {t("matching.pick.none")}
        </Text>
      ) : (
        <Stack component="ul" gap="xs" m={0} p={0} style={{ listStyle: "none" }}>
          {offered.map((variant) => (
            <Group component="li" key={variant.id} justify="space-between" wrap="nowrap" gap="sm">
              <div>
                <Text size="sm" fw={600}>
                  {variant.title}
                </Text>
                <Text size="sm" c="dimmed">
                  {variant.sku ?? t("line.noSku")} · {t("matching.available", { count: variant.available })}
                </Text>
              </div>
              <Button
                size="xs"
                variant="default"
                aria-label={label(variant.title)}
                onClick={() => {
                  setTerm("");
                  onPick(variant);
                }}
              >
                {go}
              </Button>
            </Group>
          ))}
        </Stack>
      )}
    </>
  );
}
