import { Text } from "@mantine/core";

import { useWords } from "@/i18n/words";

/** What a row is about: its title, and its SKU below. */
export function Product({ title, sku }: { title: string; sku: string | null }) {
  const { t } = useWords();
  return (
    <>
      <Text size="sm" fw={600}>
        {title}
      </Text>
      <Text size="sm" c="dimmed">
        {sku ?? t("line.noSku")}
      </Text>
    </>
  );
}
