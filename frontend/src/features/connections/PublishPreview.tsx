import { Card, Group, SimpleGrid, Stack, Table, Text, Title } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData } from "@tanstack/react-query";

import { api, type Schemas } from "@/api/client";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { Failed, Loading } from "@/ui/states";

import type { Connection } from "./rows";
import { faultsOf, publishedBy, type Rules } from "./rules";

const TYPING_MS = 350;
const SHOWN = 8;
const EFFECTS = ["raised", "lowered", "to_zero", "unchanged"] as const;

/** What the shop would show by rules that are not saved yet. */
export function PublishPreview({ connection, rules }: { connection: Connection; rules: Rules }) {
  const { t } = useWords();
  const faults = faultsOf(rules);
  const isPossible = !(faults.share_percent ?? faults.buffer ?? faults.cap ?? false);
  const { share_percent, buffer, cap } = connection;
  const wanted = JSON.stringify(isPossible ? publishedBy(rules) : { share_percent, buffer, cap });
  const [settled] = useDebouncedValue(wanted, TYPING_MS);
  const isNews = settled !== JSON.stringify({ share_percent, buffer, cap });
  const proposal = { id: connection.id, ...(JSON.parse(settled) as ReturnType<typeof publishedBy>) };
  const preview = api.useQuery(
    "post",
    "/api/v1/publishing/preview",
    { params: { query: { limit: SHOWN } }, body: { connections: [proposal] } },
    { enabled: isNews, placeholderData: keepPreviousData },
  );
  return (
    <Card withBorder component="section" aria-label={t("preview.title")} style={{ alignSelf: "start" }}>
      <Stack gap="md">
        <Title order={2} size="h4">
          {t("preview.title")}
        </Title>
        {!isPossible ? (
          <Text size="sm" c="dimmed">
            {t("preview.impossible")}
          </Text>
        ) : !isNews ? (
          <Text size="sm" c="dimmed">
            {t("preview.none")}
          </Text>
        ) : preview.isPending ? (
          <Loading rows={3} />
        ) : preview.data === undefined ? (
          <Failed error={preview.error} retry={() => void preview.refetch()} retrying={preview.isFetching} />
        ) : (
          <Effects preview={preview.data} isOld={preview.isPlaceholderData} />
        )}
        {isPossible && isNews && connection.state !== "active" ? (
          <Text size="sm" c="dimmed">
            {t("preview.notWritten")}
          </Text>
        ) : null}
      </Stack>
    </Card>
  );
}

function Effects({ preview, isOld }: { preview: Schemas["Preview"]; isOld: boolean }) {
  const { t } = useWords();
  const format = useFormat();
  const counts = preview.counts ?? { raised: 0, lowered: 0, to_zero: 0, unchanged: 0 };
  const changed = counts.raised + counts.lowered + counts.to_zero;
  return (
    <Stack gap="md" style={{ opacity: isOld ? 0.6 : 1 }} aria-busy={isOld}>
      <Text size="sm" role="status">
        {changed === 0 ? t("preview.same") : t("preview.changed", { count: changed })}
      </Text>
      <SimpleGrid cols={{ base: 2, xs: 4 }}>
        {EFFECTS.map((effect) => (
          <div key={effect}>
            <Text fz="xl" fw={650}>
              {format.number(counts[effect])}
            </Text>
            <Text size="sm" c="dimmed">
              {t(`preview.${effect}`)}
            </Text>
          </div>
        ))}
      </SimpleGrid>
      {preview.items.length === 0 ? null : (
        <Table aria-label={t("preview.title")} verticalSpacing="xs">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("preview.listing")}</Table.Th>
              <Table.Th ta="right">{t("preview.old")}</Table.Th>
              <Table.Th ta="right">{t("preview.new")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {preview.items.map((row) => (
              <Table.Tr key={`${row.listing_id}-${row.location}`}>
                <Table.Td>
                  <Group gap={6}>
                    <Text size="sm">{row.title}</Text>
                    <Text size="sm" c="dimmed">
                      {[row.sku, row.location].filter(Boolean).join(" · ")}
                    </Text>
                  </Group>
                </Table.Td>
                <Table.Td ta="right" data-numeric>
                  {format.number(row.old)}
                </Table.Td>
                <Table.Td ta="right" data-numeric fw={600}>
                  {format.number(row.new)}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
      {changed > preview.items.length ? (
        <Text size="sm" c="dimmed">
          {t("preview.more", { count: changed - preview.items.length })}
        </Text>
      ) : null}
    </Stack>
  );
}
