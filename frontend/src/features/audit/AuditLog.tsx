import { Button, Code, Group, Stack, Text, TextInput } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";

import { api, type Schemas } from "@/api/client";
import { PAGES } from "@/api/pages";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { withoutNothing } from "@/ui/address";
import { Icon } from "@/ui/icons";
import { PagedList } from "@/ui/PagedList";
import { Section } from "@/ui/Section";
import { Empty } from "@/ui/states";

import { type AuditFilters, auditFiltersFrom } from "./filters";

type Entry = Schemas["AuditEntry"];

const here = getRouteApi("/inside/settings/audit-log");
const NAMES = ["actor", "action", "subject"] as const;

/** Who changed what, newest first. Names of actions are the API's. */
export function AuditLog() {
  const { t } = useWords();
  const filters = withoutNothing(here.useSearch());
  const navigate = here.useNavigate();
  const query = { ...filters, limit: 50 };
  const list = api.useInfiniteQuery("get", "/api/v1/audit-log", { params: { query } }, PAGES);
  const change = (next: AuditFilters) => void navigate({ search: next });
  const isFiltered = Object.keys(filters).length > 0;
  return (
    <Section title={t("audit.title")} lead={t("audit.lead")}>
      <Filters key={JSON.stringify(filters)} filters={filters} onChange={change} />
      <PagedList
        label={t("audit.title")}
        query={list}
        itemId={({ id }) => id}
        empty={
          <Empty
            icon="search"
            title={t("audit.none")}
            action={
              isFiltered ? (
                <Button variant="default" onClick={() => change({})}>
                  {t("audit.clear")}
                </Button>
              ) : null
            }
          />
        }
      >
        {(entry) => <EntryRow entry={entry} onFilter={change} />}
      </PagedList>
    </Section>
  );
}

function Filters({ filters, onChange }: { filters: AuditFilters; onChange: (next: AuditFilters) => void }) {
  const { t } = useWords();
  const [typed, setTyped] = useState(filters);
  return (
    <form
      role="search"
      aria-label={t("audit.filter")}
      onSubmit={(event) => {
        event.preventDefault();
        onChange(auditFiltersFrom({ ...typed }));
      }}
    >
      <Group gap="sm" align="flex-end">
        {NAMES.map((name) => (
          <TextInput
            key={name}
            label={t(`audit.${name}`)}
            placeholder={t(`audit.${name}.hint`)}
            value={typed[name] ?? ""}
            onChange={(event) => setTyped({ ...typed, [name]: event.currentTarget.value })}
            style={{ flex: "1 1 150px" }}
          />
        ))}
        <Button type="submit" variant="default" leftSection={<Icon name="filter" />}>
          {t("audit.filter")}
        </Button>
      </Group>
    </form>
  );
}

function EntryRow({ entry, onFilter }: { entry: Entry; onFilter: (next: AuditFilters) => void }) {
  const { t } = useWords();
  const format = useFormat();
  const detail = Object.entries(entry.detail ?? {});
  return (
    <Stack gap={4}>
      <Group justify="space-between" gap="xs">
        <Group gap="xs">
          <Text size="sm" fw={600} lang="en">
            {entry.action}
          </Text>
          <Button
            variant="subtle"
            size="compact-xs"
            aria-label={t("audit.only", { subject: entry.subject })}
            onClick={() => onFilter({ subject: entry.subject })}
          >
            {entry.subject}
          </Button>
        </Group>
        <Text size="sm" c="dimmed">
          <time dateTime={entry.created_at}>
            {format.moment(entry.created_at, { dateStyle: "medium", timeStyle: "medium" })}
          </time>
        </Text>
      </Group>
      <Text size="sm" c="dimmed">
        {entry.actor_name ?? (entry.actor === "system" ? t("audit.system") : entry.actor)}
      </Text>
      {detail.length === 0 ? null : (
        <Code lang="en" style={{ whiteSpace: "pre-wrap" }}>
          {detail.map(([name, value]) => `${name}: ${written(value)}`).join("\n")}
        </Code>
      )}
    </Stack>
  );
}

function written(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
