/** The choices by which entries are found. */

import { Select } from "@mantine/core";

import { api, type Schemas } from "@/api/client";
import { useWords } from "@/i18n/words";

import { type AuditFilters, TOPICS } from "./filters";
import { actorOf } from "./words";

const ALL = { params: { query: { limit: 250 } } };

interface ActorProps {
  value: string | undefined;
  /** Those shown: they name who is no member any more. */
  entries: Schemas["AuditEntry"][];
  onChange: (actor: string | undefined) => void;
}

export function ActorSelect({ value, entries, onChange }: ActorProps) {
  const { t } = useWords();
  const members = api.useQuery("get", "/api/v1/members", ALL).data?.items ?? [];
  const keys = api.useQuery("get", "/api/v1/api-keys", ALL).data?.items ?? [];
  const groups = [
    { group: t("audit.members"), items: members.map((each) => ({ value: `user:${each.user_id}`, label: each.email })) },
    { group: t("audit.keys"), items: keys.map((each) => ({ value: `key:${each.id}`, label: each.name })) },
    {
      group: t("audit.by.system"),
      items: [
        { value: "system", label: t("audit.by.system") },
        { value: "support", label: t("audit.by.support") },
      ],
    },
  ].filter(({ items }) => items.length > 0);
  const isListed = value === undefined || groups.some(({ items }) => items.some((each) => each.value === value));
  const shown = entries.find(({ actor }) => actor === value) ?? { actor: value ?? "", actor_name: null };
  return (
    <Select
      label={t("audit.actor")}
      placeholder={t("filters.any")}
      data={isListed ? groups : [{ value, label: actorOf(shown, t) }, ...groups]}
      value={value ?? null}
      onChange={(actor) => onChange(actor ?? undefined)}
      searchable
      clearable
      clearButtonProps={{ "aria-label": t("filters.any") }}
    />
  );
}

interface AboutProps {
  value: AuditFilters["topic"];
  onChange: (topic: AuditFilters["topic"]) => void;
}

export function AboutSelect({ value, onChange }: AboutProps) {
  const { t } = useWords();
  return (
    <Select
      label={t("audit.about")}
      placeholder={t("filters.any")}
      data={TOPICS.map((each) => ({ value: each, label: t(`audit.topic.${each}`) }))}
      value={value ?? null}
      onChange={(topic) => onChange(TOPICS.find((each) => each === topic))}
      maxDropdownHeight={420}
      clearable
      clearButtonProps={{ "aria-label": t("filters.any") }}
    />
  );
}
