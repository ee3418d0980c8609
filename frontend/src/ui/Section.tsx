import { Card, Group, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";

interface Props {
  title: string;
  /** What it is about, in a sentence or two. */
  lead?: ReactNode;
  /** To the right of the title. */
  aside?: ReactNode;
  children?: ReactNode;
}

/** A part of a screen about one thing, on a card of its own. */
export function Section({ title, lead, aside, children }: Props) {
  return (
    <Card withBorder padding="lg" component="section" aria-label={title}>
      <Stack gap="md">
        <Group justify="space-between" align="flex-start" gap="sm">
          <Stack gap={4} style={{ flex: "1 1 260px" }}>
            <Title order={2} size="h4">
              {title}
            </Title>
            {lead === undefined ? null : (
              <Text size="sm" c="dimmed" component="div" maw={640}>
                {lead}
              </Text>
            )}
          </Stack>
          {aside}
        </Group>
        {children}
      </Stack>
    </Card>
  );
}
