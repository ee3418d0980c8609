import { Text } from "@mantine/core";

import type { Schemas } from "@/api/client";
import { useWords } from "@/i18n/words";

interface Props {
  why: Schemas["WhyNumber"];
  /** What the shop shows. */
  shown: number;
  /** What it should. */
  target: number;
}

/** Why a shop's number is not what it should be, in words. */
export function WhyNumber({ why, shown, target }: Props) {
  const { t } = useWords();
  const words = why.is_bundle
    ? [t("why.bundle", { target, shown })]
    : [
        t("why.onHand", { count: why.on_hand, shown }),
        why.committed === 0 ? "" : t("why.committed", { count: why.committed }),
        why.by_rules ? t("why.rules", { target }) : "",
      ];
  return (
    <Text size="sm" span>
      {words.filter((each) => each !== "").join("; ")}
    </Text>
  );
}
