import { Card, Group, Stack, Text, Title } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData } from "@tanstack/react-query";

import { api, type Schemas } from "@/api/client";
import { useWords } from "@/i18n/words";
import { Change } from "@/ui/Change";
import { useShops } from "@/ui/shops";
import { Failed, Loading } from "@/ui/states";


const TYPING_MS = 350;
const SHOWN = 8;

interface Props {
  listing: Pick<Schemas["Listing"], "id" | "connection_id">;
  /** Null where they could not be saved. */
  changes: Schemas["ConfigureListingInput"] | null;
}

/** What its shop would show by rules that are not saved yet. */
export function RulesPreview({ listing, changes }: Props) {
  const { t } = useWords();
  const { factor, ...tried } = changes ?? {};
  const [settled] = useDebouncedValue(JSON.stringify(tried), TYPING_MS);
  const isNews = settled !== "{}" && Object.keys(tried).length > 0;
  const rules = { id: listing.id, ...(JSON.parse(settled) as typeof tried) };
  const preview = api.useQuery(
    "post",
    "/api/v1/publishing/preview",
    { params: { query: { limit: SHOWN } }, body: { listings: [rules] } },
    { enabled: isNews, placeholderData: keepPreviousData },
  );
  const shop = useShops().list.find(({ id }) => id === listing.connection_id);
  return (
    <Card withBorder component="section" aria-label={t("preview.title")}>
      <Stack gap="xs">
        <Title order={3} size="h5">
          {t("preview.title")}
        </Title>
        {changes === null ? (
          <Note>{t("listed.preview.impossible")}</Note>
        ) : !isNews ? (
          factor === undefined ? <Note>{t("listed.preview.none")}</Note> : null
        ) : preview.isPending ? (
          <Loading rows={1} />
        ) : preview.data === undefined ? (
          <Failed error={preview.error} retry={() => void preview.refetch()} retrying={preview.isFetching} />
        ) : (
          <Numbers preview={preview.data} of={listing.id} isOld={preview.isPlaceholderData} />
        )}
        {factor === undefined ? null : <Note>{t("listed.preview.pack")}</Note>}
        {isNews && shop !== undefined && shop.state !== "active" ? <Note>{t("preview.notWritten")}</Note> : null}
      </Stack>
    </Card>
  );
}

function Note({ children }: { children: string }) {
  return (
    <Text size="sm" c="dimmed">
      {children}
    </Text>
  );
}

/** At each place; where other listings share its number, theirs too. */
function Numbers({ preview, of, isOld }: { preview: Schemas["Preview"]; of: number; isOld: boolean }) {
  const { t } = useWords();
  const { items, counts } = preview;
  const changed = counts === null ? items.length : counts.raised + counts.lowered + counts.to_zero;
  return (
    <Stack gap={4} role="status" aria-busy={isOld} style={{ opacity: isOld ? 0.6 : 1 }}>
      {changed === 0 ? <Text size="sm">{t("preview.same")}</Text> : null}
      {items.map((row) => (
        <Group key={`${row.listing_id} ${row.location}`} justify="space-between" wrap="nowrap">
          <Text size="sm">{row.listing_id === of ? row.location : `${row.title} · ${row.location}`}</Text>
          <Change from={row.old} to={row.new} />
        </Group>
      ))}
      {changed > items.length ? <Note>{t("preview.more", { count: changed - items.length })}</Note> : null}
    </Stack>
  );
}
