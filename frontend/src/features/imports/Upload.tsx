import { Button, Card, FileInput, Group, Progress, SegmentedControl, Select, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { client, type Schemas } from "@/api/client";
import { problemOf } from "@/api/problem";
import { useWords } from "@/i18n/words";
import { Icon } from "@/ui/icons";
import { MorePlaces } from "@/ui/MorePlaces";
import { usePlaces } from "@/ui/places";
import { Failed } from "@/ui/states";

const MOST_BYTES = 256 * 1024 * 1024;
const LONGEST_NAME = 500;

type Kind = Schemas["Import"]["kind"];

/** A file, and what is to be said of it. Nothing changes before it has been looked at. */
export function Upload() {
  const { t } = useWords();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [kind, setKind] = useState<Kind>("catalog");
  const [file, setFile] = useState<File | null>(null);
  const [currency, setCurrency] = useState("");
  const [place, setPlace] = useState<string | null>(null);
  const [at, setAt] = useState(() => local(new Date()));
  const { list: places } = usePlaces();
  const placeId = place ?? String(places[0]?.id ?? "");
  const send = useMutation({
    mutationFn: (chosen: File) =>
      kind === "catalog"
        ? uploadCatalog(chosen, currency)
        : uploadCounts(chosen, Number(placeId), new Date(at).toISOString()),
    onSuccess: async (imported) => {
      await queries.invalidateQueries({ queryKey: ["get", "/api/v1/imports"] });
      await navigate({ to: "/imports/$importId", params: { importId: String(imported.id) } });
    },
  });
  const isTooLarge = file !== null && file.size > MOST_BYTES;
  const isReady = file !== null && !isTooLarge && (kind === "catalog" || (placeId !== "" && at !== ""));
  return (
    <Card withBorder>
      <form
        aria-label={t("imports.upload")}
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady) send.mutate(file);
        }}
      >
        <Stack gap="sm">
          <SegmentedControl
            aria-label={t("imports.kind")}
            value={kind}
            onChange={(value) => setKind(value as Kind)}
            data={(["catalog", "counts"] as const).map((value) => ({ value, label: t(`imports.kind.${value}`) }))}
            style={{ alignSelf: "flex-start" }}
          />
          <Text size="sm" c="dimmed">
            {t(`imports.hint.${kind}`)}
          </Text>
          <Group align="flex-start" gap="sm">
            <FileInput
              label={t("imports.file")}
              placeholder={t("imports.choose")}
              accept=".csv,text/csv,text/tab-separated-values,.tsv,.txt"
              leftSection={<Icon name="upload" />}
              value={file}
              onChange={setFile}
              clearable
              clearButtonProps={{ "aria-label": t("imports.clear") }}
              error={isTooLarge ? t("imports.tooLarge") : undefined}
              style={{ flex: "1 1 240px" }}
            />
            {kind === "catalog" ? (
              <TextInput
                label={t("imports.currency")}
                placeholder="EUR"
                value={currency}
                maxLength={3}
                onChange={(event) => setCurrency(event.currentTarget.value.toUpperCase())}
                w={140}
              />
            ) : (
              <>
                <Select
                  label={t("stock.place")}
                  data={places.map(({ id, name }) => ({ value: String(id), label: name }))}
                  value={placeId}
                  onChange={setPlace}
                  allowDeselect={false}
                />
                <TextInput
                  type="datetime-local"
                  label={t("imports.countedAt")}
                  value={at}
                  onChange={(event) => setAt(event.currentTarget.value)}
                />
              </>
            )}
          </Group>
          {kind === "counts" ? <MorePlaces /> : null}
          {send.isPending ? <Progress value={100} animated aria-label={t("imports.uploading")} /> : null}
          {send.isError ? <Failed error={problemOf(send.error)} /> : null}
          <Button type="submit" disabled={!isReady} loading={send.isPending} style={{ alignSelf: "flex-start" }}>
            {t("imports.upload.go")}
          </Button>
        </Stack>
      </form>
    </Card>
  );
}

const AS_IT_IS = { bodySerializer: (body: unknown) => body as Blob, headers: { "Content-Type": "text/csv" } };

async function uploadCatalog(file: File, currency: string): Promise<Schemas["Import"]> {
  const query = { file_name: file.name.slice(0, LONGEST_NAME), ...(currency === "" ? {} : { currency }) };
  const { data } = await client.POST("/api/v1/imports/catalog", { params: { query }, body: file, ...AS_IT_IS });
  return data as Schemas["Import"];
}

async function uploadCounts(file: File, location_id: number, counted_at: string): Promise<Schemas["Import"]> {
  const query = { file_name: file.name.slice(0, LONGEST_NAME), location_id, counted_at };
  const { data } = await client.POST("/api/v1/imports/counts", { params: { query }, body: file, ...AS_IT_IS });
  return data as Schemas["Import"];
}

/** As an input of the browser has it: by its own clock, without a zone. */
function local(at: Date): string {
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
