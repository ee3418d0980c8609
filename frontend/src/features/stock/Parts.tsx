import { Card, Group, Stack, Text } from "@mantine/core";

import type { Schemas } from "@/api/client";
import { useWords } from "@/i18n/words";
import { TextLink } from "@/ui/links";

import { Section } from "./Section";

type Variant = Pick<Schemas["VariantDetail"], "components" | "part_of">;

/** What a bundle is made of, and the bundles that a SKU is in. Nothing where there are neither. */
export function Parts({ variant }: { variant: Variant }) {
  const { t } = useWords();
  return (
    <>
      {variant.components.length === 0 ? null : <List title={t("parts.madeOf")} parts={variant.components} />}
      {variant.part_of.length === 0 ? null : <List title={t("parts.partOf")} parts={variant.part_of} />}
    </>
  );
}

function List({ title, parts }: { title: string; parts: readonly Schemas["Part"][] }) {
  const { t } = useWords();
  return (
    <Section title={title}>
      <Card withBorder>
        <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: "none" }}>
          {parts.map((part) => (
            <Group key={part.variant_id} component="li" gap="xs" wrap="nowrap">
              <Text size="sm" fw={600}>
                {t("parts.times", { count: part.quantity })}
              </Text>
              <TextLink to="/stock/$variantId" params={{ variantId: String(part.variant_id) }} size="sm">
                {part.sku ?? part.title}
              </TextLink>
              {part.sku === null ? null : (
                <Text size="sm" c="dimmed" truncate>
                  {part.title}
                </Text>
              )}
            </Group>
          ))}
        </Stack>
      </Card>
    </Section>
  );
}
