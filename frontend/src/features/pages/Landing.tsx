import { Anchor, Box, Card, Container, Group, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { useEffect } from "react";

import { BASE_URL } from "@/api/base";
import { useWords } from "@/i18n/words";
import { Brand } from "@/ui/Brand";
import { Icon } from "@/ui/icons";
import { ButtonLink } from "@/ui/links";
import { Preferences } from "@/ui/Preferences";

const POINTS = [
  ["swap", "one"],
  ["orders", "two"],
  ["search", "three"],
] as const;

/** What SyncFlow does, for somebody who has not signed in. */
export function Landing() {
  const { t } = useWords();
  useEffect(() => {
    document.title = `SyncFlow · ${t("landing.title")}`;
  }, [t]);
  return (
    <Box mih="100dvh" style={{ display: "flex", flexDirection: "column" }}>
      <Group component="header" justify="space-between" p="md">
        <Brand />
        <Group gap="xs" wrap="nowrap">
          <Preferences />
          <ButtonLink to="/sign-in" variant="default">
            {t("signIn.title")}
          </ButtonLink>
        </Group>
      </Group>
      <Container component="main" size="lg" py={{ base: 40, sm: 72 }} style={{ flex: 1 }}>
        <Stack gap={56}>
          <Stack gap="lg" maw={760}>
            <Title order={1} fz={{ base: 32, sm: 44 }} lh={1.15}>
              {t("landing.title")}
            </Title>
            <Text fz="lg" c="dimmed">
              {t("landing.lead")}
            </Text>
            <Group>
              <ButtonLink to="/sign-up" size="md">
                {t("landing.begin")}
              </ButtonLink>
              <ButtonLink to="/sign-in" size="md" variant="subtle">
                {t("landing.known")}
              </ButtonLink>
            </Group>
          </Stack>
          <SimpleGrid cols={{ base: 1, sm: 3 }}>
            {POINTS.map(([icon, point]) => (
              <Card key={point} withBorder padding="lg">
                <Stack gap="xs">
                  <Text c="indigo" lh={0} component="div">
                    <Icon name={icon} size={26} />
                  </Text>
                  <Title order={2} size="h4">
                    {t(`landing.${point}.title`)}
                  </Title>
                  <Text c="dimmed">{t(`landing.${point}`)}</Text>
                </Stack>
              </Card>
            ))}
          </SimpleGrid>
          <Text c="dimmed">{t("landing.today")}</Text>
        </Stack>
      </Container>
      <Group component="footer" p="md" gap="lg" justify="center">
        <Anchor href={`${BASE_URL}/api/docs`} size="sm">
          {t("landing.api")}
        </Anchor>
      </Group>
    </Box>
  );
}
