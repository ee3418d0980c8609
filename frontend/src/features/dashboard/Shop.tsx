import { Card, Group, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";

import type { Schemas } from "@/api/client";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { Ago } from "@/ui/Ago";
import { Light } from "@/ui/Light";
import { platformName } from "@/ui/platforms";
import { useReasons } from "@/ui/reasons";

interface Props {
  shop: Schemas["ShopStatus"];
  /** Its name, as the way to its page. */
  link: ReactNode;
}

/** One shop: its light and why, when it last worked, what is under way. */
export function Shop({ shop, link }: Props) {
  const { t } = useWords();
  const reasonsOf = useReasons();
  const format = useFormat();
  return (
    <Card withBorder component="article" aria-label={shop.name}>
      <Stack gap="sm" h="100%">
        <Group justify="space-between" align="flex-start" wrap="nowrap">
          <div>
            <Title order={3} size="h5">
              {link}
            </Title>
            <Text size="sm" c="dimmed">
              {platformName(shop.platform)}
            </Text>
          </div>
          <Light colour={shop.light} />
        </Group>
        <Stack gap={4} style={{ flex: 1 }}>
          {reasonsOf(shop).map((words) => (
            <Text key={words} size="sm">
              {words}
            </Text>
          ))}
        </Stack>
        <Group c="dimmed" fz="sm" style={{ gap: "2px 16px" }}>
          <span>
            {shop.last_success_at === null ? (
              t("shop.never")
            ) : (
              <>
                {t("shop.last")} <Ago at={shop.last_success_at} />
              </>
            )}
          </span>
          <span>{shop.pending === 0 ? t("shop.nothingPending") : t("shop.pending", { count: shop.pending })}</span>
          {shop.items_per_second > 0 ? (
            <span>
              {t("shop.speed", {
                speed: format.number(shop.items_per_second * 60, { maximumFractionDigits: 1 }),
              })}
            </span>
          ) : null}
        </Group>
      </Stack>
    </Card>
  );
}
