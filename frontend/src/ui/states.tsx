/** What a list or a screen shows in place of its content: it loads, there is nothing, it failed, it is too much. */

import { Alert, Button, Card, Center, Code, Group, Loader, Skeleton, Stack, Text, Title } from "@mantine/core";
import { type ReactNode, useEffect, useState } from "react";

import { problemOf } from "@/api/problem";
import { useWords } from "@/i18n/words";

import { Icon, type IconName } from "./icons";
import { useProblemWords } from "./problems";

const PATIENCE_MS = 250;
/** Tried again, these come again. */
const IN_VAIN = new Set(["not_found", "forbidden", "invalid_token"]);

/** Nothing for a moment, so that what comes at once does not flicker. */
export function Loading({ rows = 0 }: { rows?: number }) {
  const { t } = useWords();
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div role="status" aria-label={t("state.loading")}>
      {!late ? null : rows > 0 ? (
        <Stack gap="xs" aria-hidden="true">
          {Array.from({ length: rows }, (_, row) => (
            <Skeleton key={row} height={44} radius="md" />
          ))}
        </Stack>
      ) : (
        <Center mih={160}>
          <Loader aria-hidden="true" />
        </Center>
      )}
    </div>
  );
}

interface EmptyProps {
  icon?: IconName;
  title: string;
  /** What to do next. */
  children?: ReactNode;
  action?: ReactNode;
}

export function Empty({ icon = "box", title, children, action }: EmptyProps) {
  return (
    <Center py="xl">
      <Stack align="center" gap="sm" maw={460} ta="center">
        <Text c="dimmed" component="div" lh={0}>
          <Icon name={icon} size={40} />
        </Text>
        <Title order={2} size="h4">
          {title}
        </Title>
        {children === undefined ? null : (
          <Text c="dimmed" component="div">
            {children}
          </Text>
        )}
        {action}
      </Stack>
    </Center>
  );
}

interface NoRowsProps {
  /** Whether filters leave them out. */
  filtered: boolean;
  icon: IconName;
  title: string;
  /** The title where filters leave them out. */
  noMatch: string;
  children: ReactNode;
}

/** In place of a table's rows: there are none, or none like what was asked for. */
export function NoRows({ filtered, icon, title, noMatch, children }: NoRowsProps) {
  const { t } = useWords();
  return (
    <Card withBorder>
      <Empty icon={filtered ? "filter" : icon} title={filtered ? noMatch : title}>
        {filtered ? t("changes.noMatch.next") : children}
      </Empty>
    </Card>
  );
}

interface FailedProps {
  error: unknown;
  retry?: (() => void) | undefined;
  retrying?: boolean;
  /** Where there is little room: the button comes before what it may push out of sight. */
  compact?: boolean;
}

/** What went wrong, what to do about it, and a button that tries again. */
export function Failed({ error, retry, retrying = false, compact = false }: FailedProps) {
  const { t } = useWords();
  const problem = problemOf(error);
  const { title, remedy } = useProblemWords(problem);
  return (
    <Alert
      color="red"
      icon={<Icon name={problem.passes ? "offline" : "warn"} />}
      title={title}
      role="alert"
      p={compact ? "xs" : "md"}
    >
      <Stack gap="xs" align="flex-start" style={{ flexDirection: compact ? "column-reverse" : "column" }}>
        <Text size="sm">{remedy}</Text>
        <Group gap="sm">
          {retry === undefined || IN_VAIN.has(problem.code) ? null : (
            <Button size="xs" variant="default" onClick={retry} loading={retrying}>
              {t("state.retry")}
            </Button>
          )}
          {problem.requestId === null ? null : (
            <Text size="xs" c="dimmed">
              {t("state.request")} <Code>{problem.requestId}</Code>
            </Text>
          )}
        </Group>
      </Stack>
    </Alert>
  );
}

/** There is more than is good to look at: say how to see less. */
export function TooMuch({ shown, children }: { shown: number; children?: ReactNode }) {
  const { t } = useWords();
  return (
    <Alert color="gray" icon={<Icon name="filter" />} title={t("state.tooMuch", { count: shown })}>
      <Text size="sm" component="div">
        {children ?? t("state.tooMuch.remedy")}
      </Text>
    </Alert>
  );
}
