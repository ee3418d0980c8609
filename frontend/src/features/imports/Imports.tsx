import { Badge, Group, Stack, Text } from "@mantine/core";
import { type ReactNode, useMemo } from "react";

import { api, type Schemas } from "@/api/client";
import { PAGES } from "@/api/pages";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import type { Column } from "@/ui/DataTable";
import { TextLink } from "@/ui/links";
import { Page } from "@/ui/Page";
import { PagedTable } from "@/ui/PagedTable";
import { useMay } from "@/ui/role";
import { Empty } from "@/ui/states";

import { Upload } from "./Upload";

type Import = Schemas["Import"];

const PAGE = 50;

/** Files that were brought in, newest first, and a place for another one. */
export function Imports({ back }: { back: ReactNode }) {
  const { t } = useWords();
  return (
    <Page title={t("imports.title")} lead={back}>
      {useMay("staff") === true ? <Upload /> : null}
      <List />
    </Page>
  );
}

function List() {
  const { t } = useWords();
  const list = api.useInfiniteQuery(
    "get",
    "/api/v1/imports",
    { params: { query: { limit: PAGE } } },
    PAGES,
  );
  const columns = useColumns();
  return (
    <PagedTable
      label={t("imports.title")}
      query={list}
      columns={columns}
      rowId={rowId}
      card={(imported) => <ImportCard imported={imported} />}
      empty={
        <Empty icon="upload" title={t("imports.none")}>
          {t("imports.none.next")}
        </Empty>
      }
    />
  );
}

function rowId(imported: Import): string {
  return String(imported.id);
}

function useColumns(): Column<Import>[] {
  const { t } = useWords();
  const format = useFormat();
  return useMemo(
    () => [
      { id: "file", header: t("imports.file"), cell: ({ row }) => <FileLink imported={row.original} /> },
      { id: "kind", header: t("imports.kind"), cell: ({ row }) => t(`imports.kind.${row.original.kind}`) },
      { id: "state", header: t("imports.state"), cell: ({ row }) => <State imported={row.original} /> },
      { id: "rows", header: t("imports.rows"), cell: ({ row }) => <Rows imported={row.original} /> },
      { id: "at", header: t("imports.at"), cell: ({ row }) => format.moment(row.original.created_at) },
    ],
    [t, format],
  );
}

function FileLink({ imported }: { imported: Import }) {
  const { t } = useWords();
  return (
    <TextLink to="/imports/$importId" params={{ importId: String(imported.id) }} size="sm" fw={600}>
      {imported.file_name === "" ? t("imports.noName", { id: imported.id }) : imported.file_name}
    </TextLink>
  );
}

export function State({ imported }: { imported: Pick<Import, "state"> }) {
  const { t } = useWords();
  return (
    <Badge variant="default" tt="none" fw={500}>
      {t(`imports.state.${imported.state}`)}
    </Badge>
  );
}

function Rows({ imported }: { imported: Import }) {
  const { t } = useWords();
  return imported.faulty === 0
    ? t("imports.rowCount", { count: imported.rows })
    : `${t("imports.rowCount", { count: imported.rows })}, ${t("imports.faultCount", { count: imported.faulty })}`;
}

function ImportCard({ imported }: { imported: Import }) {
  const { t } = useWords();
  const format = useFormat();
  return (
    <Stack gap={6}>
      <Group justify="space-between" wrap="nowrap">
        <FileLink imported={imported} />
        <State imported={imported} />
      </Group>
      <Text size="sm" c="dimmed">
        {t(`imports.kind.${imported.kind}`)} · {format.moment(imported.created_at)}
      </Text>
      <Text size="sm">
        <Rows imported={imported} />
      </Text>
    </Stack>
  );
}
