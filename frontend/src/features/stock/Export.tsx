import { Button, Menu } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import { client } from "@/api/client";
import { useWords } from "@/i18n/words";
import { readFile } from "@/ui/download";
import { Icon } from "@/ui/icons";
import { useTellProblem } from "@/ui/notify";
import { save } from "@/ui/save";

import { queryOf, type StockFilters } from "./filters";

type Kind = "catalog" | "levels" | "listings";

/** Files for spreadsheets, of any length: how many rows are there already is told meanwhile. */
export function Export({ filters }: { filters: StockFilters }) {
  const { t } = useWords();
  const tell = useTellProblem();
  const [rows, setRows] = useState(0);
  const fetchFile = useMutation({
    onMutate: () => setRows(0),
    mutationFn: async (kind: Kind) => {
      const answer = await ask(kind, filters);
      const file = await readFile(answer, (lines) => setRows(Math.max(0, lines - 1)));
      save(file, `${kind}.csv`);
    },
    onError: tell,
  });
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button variant="default" leftSection={<Icon name="download" />} disabled={fetchFile.isPending}>
          <span aria-live="polite">
            {fetchFile.isPending ? t("stock.export.rows", { count: rows }) : t("stock.export")}
          </span>
        </Button>
      </Menu.Target>
      <Menu.Dropdown maw="calc(100vw - 2rem)">
        <Menu.Item onClick={() => fetchFile.mutate("catalog")}>{t("stock.export.catalog")}</Menu.Item>
        <Menu.Item onClick={() => fetchFile.mutate("levels")}>{t("stock.export.levels")}</Menu.Item>
        <Menu.Item onClick={() => fetchFile.mutate("listings")}>{t("stock.export.listings")}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

async function ask(kind: Kind, filters: StockFilters): Promise<ReadableStream<Uint8Array>> {
  const { connection_id, location_id, ...query } = queryOf(filters);
  const parseAs = "stream";
  const { data } =
    kind === "catalog"
      ? await client.GET("/api/v1/variants.csv", { params: { query }, parseAs })
      : kind === "levels"
        ? await client.GET("/api/v1/stock.csv", {
            params: { query: location_id === undefined ? {} : { location_id } },
            parseAs,
          })
        : await client.GET("/api/v1/listings.csv", {
            params: { query: connection_id === undefined ? {} : { connection_id } },
            parseAs,
          });
  return data as ReadableStream<Uint8Array>;
}
