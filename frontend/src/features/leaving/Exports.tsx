import { Button, Group, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";

import { api, client, type Schemas } from "@/api/client";
import { PAGES } from "@/api/pages";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { Icon } from "@/ui/icons";
import { useTellProblem } from "@/ui/notify";
import { PagedList } from "@/ui/PagedList";
import { save } from "@/ui/save";
import { Section } from "@/ui/Section";

type Export = Schemas["AccountExport"];

const EVERY_MS = 3000;

/** All data of the account as a file, made in the background. */
export function Exports() {
  const { t } = useWords();
  const tell = useTellProblem();
  const queries = useQueryClient();
  const list = api.useInfiniteQuery(
    "get",
    "/api/v1/account/exports",
    { params: { query: { limit: 20 } } },
    {
      ...PAGES,
      refetchInterval: ({ state }) =>
        state.data?.pages.some((page) => page.items.some(isUnderWay)) ? EVERY_MS : false,
    },
  );
  const look = () => queries.invalidateQueries({ queryKey: ["get", "/api/v1/account/exports"] });
  const ask = api.useMutation("post", "/api/v1/account/exports", { onSuccess: look, onError: tell });
  const isBusy = list.data?.pages.some((page) => page.items.some(isUnderWay)) ?? false;
  return (
    <Section
      title={t("export.title")}
      lead={t("export.lead")}
      aside={
        <Button variant="default" loading={ask.isPending} disabled={isBusy} onClick={() => ask.mutate({})}>
          {t("export.ask")}
        </Button>
      }
    >
      <PagedList
        label={t("export.title")}
        query={list}
        itemId={({ id }) => id}
        empty={
          <Text size="sm" c="dimmed">
            {t("export.none")}
          </Text>
        }
      >
        {(item) => <ExportRow item={item} />}
      </PagedList>
    </Section>
  );
}

function isUnderWay({ state }: Export): boolean {
  return state === "waiting" || state === "running";
}

function ExportRow({ item }: { item: Export }) {
  const { t } = useWords();
  const format = useFormat();
  const tell = useTellProblem();
  const fetchFile = useMutation({
    mutationFn: async () => {
      const path = { export_id: item.id };
      const { data } = await client.GET("/api/v1/account/exports/{export_id}/download", {
        params: { path },
        parseAs: "blob",
      });
      save(data as Blob, "account.zip");
    },
    onError: tell,
  });
  return (
    <Group justify="space-between" gap="sm">
      <Stack gap={0} style={{ flex: "1 1 220px" }} aria-live="polite">
        <Text size="sm" fw={600}>
          {t(`export.${item.state}`)}
        </Text>
        <Text size="sm" c="dimmed">
          {t("export.asked", { at: format.moment(item.created_at), who: item.asked_by ?? "–" })}
          {item.state === "done"
            ? ` · ${t("export.size", {
                count: item.row_count,
                size: format.number(item.byte_count / 1_000_000, {
                  style: "unit",
                  unit: "megabyte",
                  maximumFractionDigits: 1,
                }),
              })} · ${t("export.until", { at: format.moment(item.expires_at, { dateStyle: "medium" }) })}`
            : null}
        </Text>
      </Stack>
      {item.state === "done" ? (
        <Button
          variant="default"
          size="xs"
          leftSection={<Icon name="download" />}
          loading={fetchFile.isPending}
          onClick={() => fetchFile.mutate()}
        >
          {t("export.download")}
        </Button>
      ) : null}
    </Group>
  );
}
