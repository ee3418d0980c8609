import { Anchor, Box, Card, Container, Group, List, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";

import { BASE_URL } from "@/api/base";
import { publicClient } from "@/api/client";
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
          <Price />
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

/** What it costs and includes, as the server says. */
function Price() {
  const { t } = useWords();
  const plans = useQuery({
    queryKey: ["plans"],
    queryFn: async () => (await publicClient.GET("/api/v1/plans")).data,
  });
  const plan = plans.data?.items[0];
  return (
    <Card withBorder padding="xl" component="section" aria-label={t("landing.price.title")}>
      <Group justify="space-between" align="flex-start" gap="xl">
        <Stack gap="xs" style={{ flex: "1 1 320px" }}>
          <Title order={2} size="h3">
            {t("landing.price.title")}
          </Title>
          <Text>{t("landing.price")}</Text>
        </Stack>
        <List spacing="xs" icon={<Icon name="check" />} style={{ flex: "1 1 320px" }}>
          {plan === undefined ? null : (
            <>
              <List.Item>
                {plan.channels === null
                  ? t("landing.price.anyShops")
                  : t("landing.price.shops", { count: plan.channels })}
              </List.Item>
              <List.Item>
                {plan.orders_per_month === null
                  ? t("landing.price.anyOrders")
                  : t("landing.price.orders", { count: plan.orders_per_month })}
              </List.Item>
            </>
          )}
          <List.Item>{t("landing.price.all")}</List.Item>
        </List>
      </Group>
    </Card>
  );
}
