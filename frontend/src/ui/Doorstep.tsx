import { Box, Card, Center, Group, Stack, Text, Title } from "@mantine/core";
import type { LinkProps } from "@tanstack/react-router";
import { type ReactNode, useEffect } from "react";

import { Brand } from "./Brand";
import { TextLink } from "./links";
import { Preferences } from "./Preferences";

interface Props {
  title: string;
  lead?: ReactNode;
  children: ReactNode;
  /** Ways to other doors. */
  footer?: ReactNode;
}

/** A screen before one is signed in: one thing to do, on a card in the middle. */
export function Doorstep({ title, lead, children, footer }: Props) {
  useEffect(() => {
    document.title = `${title} · SyncFlow`;
  }, [title]);
  return (
    <Box mih="100dvh" style={{ display: "flex", flexDirection: "column" }}>
      <Group component="header" justify="space-between" p="md">
        <TextLink to="/" underline="never" c="inherit">
          <Brand />
        </TextLink>
        <Preferences />
      </Group>
      <Center component="main" p="md" style={{ flex: 1 }}>
        <Stack w="100%" maw={420} gap="md" pb="10vh">
          <Card withBorder padding="xl" shadow="xs">
            <Stack gap="md">
              <Stack gap={4}>
                <Title order={1} size="h3">
                  {title}
                </Title>
                {lead === undefined ? null : (
                  <Text c="dimmed" size="sm" component="div">
                    {lead}
                  </Text>
                )}
              </Stack>
              {children}
            </Stack>
          </Card>
          {footer === undefined ? null : (
            <Group justify="center" gap="lg">
              {footer}
            </Group>
          )}
        </Stack>
      </Center>
    </Box>
  );
}

/** A way to another door. */
export function Door({ to, children }: { to: LinkProps["to"]; children: ReactNode }) {
  return (
    <TextLink to={to} size="sm">
      {children}
    </TextLink>
  );
}
