import { Button, Group, SimpleGrid, Stack, Text } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { api, type Schemas } from "@/api/client";
import { itemsOf, PAGES } from "@/api/pages";
import { useWords } from "@/i18n/words";
import { isTyped, withoutNothing } from "@/ui/address";
import { Dates } from "@/ui/Dates";
import { hasDay, useTimeZone } from "@/ui/days";
import { Icon } from "@/ui/icons";
import { PagedList } from "@/ui/PagedList";
import { Section } from "@/ui/Section";
import { Empty } from "@/ui/states";
import { useFocusKept } from "@/ui/useFocusKept";

import { EntryRow } from "./EntryRow";
import { type AuditFilters, auditQueryOf } from "./filters";
import { AboutSelect, ActorSelect } from "./selects";
import { subjectOf, useSay } from "./words";

type Entry = Schemas["AuditEntry"];
type Changes = { [K in keyof AuditFilters]?: AuditFilters[K] | undefined };

const here = getRouteApi("/inside/settings/audit-log");

interface Props {
  /** The subject's name as a way to where it is shown, if it is anywhere. */
  subjectLink: (entry: Entry, name: string) => ReactNode;
}

/** Who changed what, newest first, by filters that are in the address. */
export function AuditLog({ subjectLink }: Props) {
  const { t } = useWords();
  const filters = withoutNothing(here.useSearch());
  const navigate = here.useNavigate();
  const { timeZone, isKnown } = useTimeZone(hasDay(filters));
  const query = { ...auditQueryOf(filters, timeZone), limit: 50 };
  const list = api.useInfiniteQuery("get", "/api/v1/audit-log", { params: { query } }, { ...PAGES, enabled: isKnown });
  const entries = itemsOf(list.data);
  const change = (changes: Changes) => {
    const next = withoutNothing({ ...filters, ...changes }) as AuditFilters;
    void navigate({ search: next, replace: isTyped(filters, next) });
  };
  const search = useFocusKept<HTMLDivElement>(JSON.stringify(filters));
  const isFiltered = Object.keys(filters).length > 0;
  return (
    <Section title={t("audit.title")} lead={t("audit.lead")}>
      <Stack ref={search} gap="sm" role="search" aria-label={t("audit.filter")} tabIndex={-1}>
        <SimpleGrid cols={{ base: 1, xs: 2, lg: 4 }} spacing="sm">
          <ActorSelect value={filters.actor} entries={entries} onChange={(actor) => change({ actor })} />
          <AboutSelect value={filters.topic} onChange={(topic) => change({ topic })} />
          <Dates from={filters.from} to={filters.to} onChange={change} />
        </SimpleGrid>
        <Narrowed filters={filters} entries={entries} onChange={change} />
      </Stack>
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
                <Button variant="default" onClick={() => void navigate({ search: {} })}>
                  {t("audit.clear")}
                </Button>
              ) : null
            }
          />
        }
      >
        {(entry) => (
          <EntryRow
            entry={entry}
            subjectLink={subjectLink}
            onAll={() => void navigate({ search: { subject: entry.subject } })}
          />
        )}
      </PagedList>
    </Section>
  );
}

interface NarrowedProps {
  filters: AuditFilters;
  entries: Entry[];
  onChange: (changes: Changes) => void;
}

/** What an entry or a link led to, in words, with a way out of it. */
function Narrowed({ filters: { subject, action }, entries, onChange }: NarrowedProps) {
  const { t } = useWords();
  const say = useSay();
  if (subject === undefined && action === undefined) {
    return null;
  }
  const unknown = { subject: subject ?? "", subject_name: null, detail: {} };
  const about = entries.find((entry) => entry.subject === subject) ?? unknown;
  return (
    <Group gap="xs">
      {subject === undefined ? null : (
        <Only what={subjectOf(about, t)} onClear={() => onChange({ subject: undefined })} />
      )}
      {action === undefined ? null : (
        <Only what={say(action)} onClear={() => onChange({ action: undefined })} />
      )}
    </Group>
  );
}

function Only({ what, onClear }: { what: string; onClear: () => void }) {
  const { t } = useWords();
  return (
    <Button
      variant="light"
      size="compact-sm"
      rightSection={<Icon name="close" size={14} />}
      aria-label={t("audit.only.clear", { what })}
      onClick={onClear}
    >
      <Text span size="sm" truncate>
        {t("audit.only", { what })}
      </Text>
    </Button>
  );
}
