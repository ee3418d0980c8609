import { Button, Code, Group, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Fragment, type ReactNode } from "react";

import type { Schemas } from "@/api/client";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";

import { useFacts } from "./facts";
import { actorOf, subjectOf, useSentence } from "./words";

type Entry = Schemas["AuditEntry"];

interface Props {
  entry: Entry;
  subjectLink: (entry: Entry, name: string) => ReactNode;
  /** To everything about its subject. */
  onAll: () => void;
}

/** Who did what and when, in a sentence; as it was written down behind a button. */
export function EntryRow({ entry, subjectLink, onAll }: Props) {
  const { t } = useWords();
  const format = useFormat();
  const facts = useFacts()(entry);
  const sentence = useSentence()(entry);
  const [opened, { toggle }] = useDisclosure(false);
  const who = actorOf(entry, t);
  const subject = subjectOf(entry, t);
  const gaps: Record<string, ReactNode> = {
    "{who}": (
      <Text span inherit fw={600}>
        {who}
      </Text>
    ),
    "{subject}": (
      <Text span inherit fw={500}>
        {entry.subject_name === null ? subject : subjectLink(entry, subject)}
      </Text>
    ),
  };
  const what = sentence.replace("{who}", () => who).replace("{subject}", () => subject);
  return (
    <Stack gap={4}>
      <Group justify="space-between" align="flex-start" gap="xs">
        <Stack gap={2} style={{ flex: "1 1 280px", minWidth: 0, overflowWrap: "anywhere" }}>
          <Text size="sm">
            {sentence.split(/(\{\w+\})/).map((part, index) => (
              <Fragment key={index}>{gaps[part] ?? part}</Fragment>
            ))}
          </Text>
          {facts.length === 0 ? null : (
            <Text size="sm" c="dimmed">
              {facts.map(({ label, value }) => `${label}: ${value}`).join(" · ")}
            </Text>
          )}
        </Stack>
        <Group gap="xs">
          <Text size="sm" c="dimmed">
            <time dateTime={entry.created_at}>{format.moment(entry.created_at)}</time>
          </Text>
          <Button
            variant="subtle"
            size="compact-xs"
            aria-expanded={opened}
            aria-label={t("audit.details.of", { what })}
            onClick={toggle}
          >
            {t("audit.details")}
          </Button>
        </Group>
      </Group>
      {opened ? (
        <Stack gap="xs" align="flex-start" pt={4}>
          <Code block lang="en" w="100%" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
            {asWritten(entry)}
          </Code>
          <Button variant="default" size="xs" onClick={onAll}>
            {t("audit.all")}
          </Button>
        </Stack>
      ) : null}
    </Stack>
  );
}

function asWritten({ created_at, actor, action, subject, detail }: Entry): string {
  const lines = { created_at, actor, action, subject, ...detail };
  return Object.entries(lines)
    .map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join("\n");
}
