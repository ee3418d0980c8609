import { Text } from "@mantine/core";

import type { Schemas } from "@/api/client";
import { useWords } from "@/i18n/words";

import { EFFECTS } from "./dryRun";

/** How many of a shop's numbers would change in which way; ways that there are none of are left out. */
export function ShopSums({ shop }: { shop: Schemas["ShopTotals"] }) {
  const { t } = useWords();
  const told = EFFECTS.filter((effect) => shop[effect] > 0).map((effect) =>
    t(`dryRun.${effect}`, { count: shop[effect] }),
  );
  return (
    <Text size="sm" span>
      {told.join(", ")}
    </Text>
  );
}
