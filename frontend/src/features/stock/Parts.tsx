import { Button, Card, Group, Stack, Text } from "@mantine/core";
import { lazy, Suspense } from "react";

import type { Schemas } from "@/api/client";
import { useWords } from "@/i18n/words";
import { TextLink } from "@/ui/links";
import { PlainSection } from "@/ui/PlainSection";
import { Loading } from "@/ui/states";

import { None } from "./None";
import { useInPlace } from "./useInPlace";

type Variant = Pick<Schemas["VariantDetail"], "id" | "available" | "components" | "part_of" | "archived_at">;

const EditParts = lazy(() => import("./EditParts"));

/** What a bundle is made of, and the bundles that a SKU is in. */
export function Parts({ variant, mayChange }: { variant: Variant; mayChange: boolean }) {
  const { t } = useWords();
  return (
    <>
      <MadeOf variant={variant} mayChange={mayChange} />
      {variant.part_of.length === 0 ? null : (
        <PlainSection title={t("parts.partOf")}>
          <List parts={variant.part_of} />
        </PlainSection>
      )}
    </>
  );
}

/** Nothing where it is no bundle and cannot become one: what is in a bundle is none. */
function MadeOf({ variant, mayChange }: { variant: Variant; mayChange: boolean }) {
  const { t } = useWords();
  const { isOpen, open, close, button } = useInPlace();
  const isBundle = variant.components.length > 0;
  const may = mayChange && variant.part_of.length === 0 && (isBundle || variant.archived_at === null);
  if (!isBundle && !may) {
    return null;
  }
  return (
    <PlainSection
      title={t("parts.madeOf")}
      aside={
        may ? (
          <Button size="xs" variant="default" ref={button} disabled={isOpen} onClick={open}>
            {t(isBundle ? "parts.change" : "parts.compose")}
          </Button>
        ) : null
      }
    >
      {isOpen ? (
        <Suspense fallback={<Loading rows={3} />}>
          <EditParts variant={variant} onClose={close} />
        </Suspense>
      ) : isBundle ? (
        <List parts={variant.components} />
      ) : (
        <None>{t("parts.none")}</None>
      )}
    </PlainSection>
  );
}

function List({ parts }: { parts: readonly Schemas["Part"][] }) {
  const { t } = useWords();
  return (
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
  );
}
