import { Card, Group, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";

import type { Schemas } from "@/api/client";
import { useWords } from "@/i18n/words";
import { AllowWrites } from "@/ui/AllowWrites";
import { Icon } from "@/ui/icons";

export type AttentionItem = Schemas["Attention"];

interface Props {
  items: AttentionItem[];
  connections: Schemas["ShopStatus"][];
  /** Where a person sees to it, unless that is right here; null where there is no such place. */
  linkOf?: (item: AttentionItem) => ReactNode;
}

/** What a person has to see to, each with what there is to do. */
export function Attention({ items, connections, linkOf }: Props) {
  const { t } = useWords();
  return items.length === 0 ? null : (
    <Stack component="section" gap="sm" aria-label={t("attention.title")}>
      <Title order={2} size="h4">
        {t("attention.title")}
      </Title>
      <Card withBorder padding={0}>
        <AttentionList items={items} connections={connections} linkOf={linkOf} />
      </Card>
    </Stack>
  );
}

export function AttentionList({ items, connections, linkOf }: Props) {
  const { known } = useWords();
  const names = new Map(connections.map((shop) => [shop.connection_id, shop.name]));
  return (
    <Stack component="ul" gap={0} m={0} p={0} style={{ listStyle: "none" }}>
      {items.map((item) => (
        <Group
          component="li"
          key={`${item.kind}-${item.connection_id}`}
          p="sm"
          justify="space-between"
          style={{ borderBottom: "1px solid var(--app-line)" }}
        >
          <Group gap="sm" wrap="nowrap" align="flex-start" style={{ flex: "1 1 260px" }}>
            <Text span lh={0} style={{ color: "var(--app-amber)" }}>
              <Icon name="warn" />
            </Text>
            <div>
              <Text size="sm" fw={600}>
                {known(`attention.${item.kind}`, { count: item.count }) ?? item.kind}
                {item.connection_id === null ? "" : ` · ${names.get(item.connection_id) ?? ""}`}
              </Text>
              <Text size="sm" c="dimmed">
                {known(`attention.${item.kind}.next`) ?? item.action}
              </Text>
            </div>
          </Group>
          {item.kind === "writes_stopped" ? <AllowWrites /> : linkOf?.(item)}
        </Group>
      ))}
    </Stack>
  );
}
