import { SegmentedControl, Stack, Text } from "@mantine/core";
import { useMemo, useState } from "react";

import { api, type Schemas } from "@/api/client";
import { PAGES } from "@/api/pages";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import type { Column } from "@/ui/DataTable";
import { PagedTable } from "@/ui/PagedTable";
import { Said } from "@/ui/Said";
import { Empty } from "@/ui/states";
import { useLookAgain } from "@/ui/useLookAgain";

type Import = Schemas["Import"];
type ImportRow = Schemas["ImportRow"];
type Outcome = ImportRow["outcome"];

const PAGE = 100;
/** More than that nobody reads. */
const MOST_SHOWN = 2000;
const ROWS = ["get", "/api/v1/imports/{import_id}/rows"] as const;
const COUNTS = { fault: "faulty", change: "changes", create: "creates", same: "unchanged" } as const;

/** What each row of the file would do, or did, or what is wrong with it. */
export function Rows({ imported }: { imported: Import }) {
  const { t } = useWords();
  const there = (["fault", "change", "create", "same"] as const).filter((each) => imported[COUNTS[each]] > 0);
  const [chosen, setChosen] = useState<Outcome | null>(null);
  const outcome = chosen ?? there[0] ?? "same";
  useLookAgain(ROWS, `${imported.state} ${imported.rows} ${imported.applied}`);
  return (
    <Stack component="section" gap="sm" aria-label={t("imports.preview")}>
      <SegmentedControl
        aria-label={t("imports.preview")}
        value={outcome}
        onChange={(value) => setChosen(value as Outcome)}
        data={there.map((value) => ({
          value,
          label: t("imports.outcome", { outcome: t(`imports.outcome.${value}`), count: imported[COUNTS[value]] }),
        }))}
        style={{ alignSelf: "flex-start", maxWidth: "100%", overflowX: "auto" }}
      />
      <List key={outcome} imported={imported} outcome={outcome} />
    </Stack>
  );
}

function List({ imported, outcome }: { imported: Import; outcome: Outcome }) {
  const { t } = useWords();
  const list = api.useInfiniteQuery(
    ...ROWS,
    { params: { path: { import_id: imported.id }, query: { outcome, limit: PAGE } } },
    PAGES,
  );
  const columns = useColumns();
  return (
    <PagedTable
      label={t("imports.preview")}
      query={list}
      columns={columns}
      rowId={rowId}
      card={(row) => <RowCard row={row} />}
      most={MOST_SHOWN}
      remedy={t("imports.tooMany")}
      empty={<Empty title={t("imports.noRows")} />}
    />
  );
}

function rowId(row: ImportRow): string {
  return String(row.line);
}

function useColumns(): Column<ImportRow>[] {
  const { t } = useWords();
  const format = useFormat();
  return useMemo(
    () => [
      { id: "line", header: t("imports.line"), cell: ({ row }) => format.number(row.original.line) },
      { id: "sku", header: t("stock.sku"), cell: ({ row }) => skuOf(row.original) },
      { id: "what", header: t("imports.what"), cell: ({ row }) => <What row={row.original} /> },
    ],
    [t, format],
  );
}

function RowCard({ row }: { row: ImportRow }) {
  const { t } = useWords();
  return (
    <Stack gap={4}>
      <Text size="sm" fw={600}>
        {skuOf(row)}{" "}
        <Text span c="dimmed" inherit>
          {t("imports.lineNo", { line: row.line })}
        </Text>
      </Text>
      <What row={row} />
    </Stack>
  );
}

function What({ row }: { row: ImportRow }) {
  const { t, known } = useWords();
  const said = useSaid();
  const [currencyBefore, currencyAfter] = currenciesOf(row);
  if (row.problem !== "") {
    return (
      <Text size="sm" c="var(--mantine-color-error)">
        <Said line={{ text: row.problem, ...row.problem_said }} />
      </Text>
    );
  }
  const changes = Object.entries(row.changes);
  if (changes.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {t("imports.outcome.same")}
      </Text>
    );
  }
  return (
    <Stack gap={2}>
      {changes.map(([field, change]) => {
        const [before, after] = changeOf(change);
        return (
          <Text key={field} size="sm">
            <Text span c="dimmed" inherit>
              {known(`imports.field.${field}`) ?? field}:
            </Text>{" "}
            {row.outcome === "create" || before === null ? null : (
              <>
                <s>{said(field, before, currencyBefore)}</s>{" "}
              </>
            )}
            {said(field, after, currencyAfter)}
          </Text>
        );
      })}
    </Stack>
  );
}

/** A value as people write it. Amounts are in the smallest unit of a currency. */
function useSaid(): (field: string, value: unknown, currency: string | null) => string {
  const { t } = useWords();
  const format = useFormat();
  return (field, value, currency) => {
    if (value === null || value === "") return t("stock.none");
    if (typeof value === "number") {
      return field.endsWith("_minor") && currency !== null ? format.money(value, currency) : format.number(value);
    }
    return String(value);
  };
}

/** The currency of the old amounts, and that of the new ones: a variant keeps its own unless the row changes it. */
function currenciesOf({ changes, currency }: ImportRow): readonly [string | null, string | null] {
  const [, after] = changeOf(changes["currency"]);
  return [currency, typeof after === "string" ? after : currency];
}

function changeOf(change: unknown): readonly [unknown, unknown] {
  return Array.isArray(change) ? [change[0], change[1]] : [null, change];
}

function skuOf(row: ImportRow): string {
  const { sku, id } = row.given;
  return typeof sku === "string" && sku !== "" ? sku : typeof id === "string" ? `#${id}` : "";
}
