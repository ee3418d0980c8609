import { Chip, Group } from "@mantine/core";

import { useWords } from "@/i18n/words";

export type Effect = "raised" | "lowered" | "to_zero" | "held" | "refused" | "stock_raised" | "stock_lowered";

/** What becomes of a price. */
export type PriceEffect = Extract<Effect, "raised" | "lowered"> | "unchanged" | "cannot";

interface Props<Shown extends string> {
  /** How many numbers each has; null until that is known. */
  counts: Partial<Record<Shown, number>> | null;
  effects: readonly Shown[];
  atLeast: boolean;
  value: Shown | undefined;
  onChange: (effect: Shown | undefined) => void;
}

/** How many numbers change in which way; each is a filter of the list below. */
export function Effects<Shown extends Effect | PriceEffect>(props: Props<Shown>) {
  const { counts, effects, atLeast, value, onChange } = props;
  const { t } = useWords();
  const all = effects.reduce((sum, effect) => sum + (counts?.[effect] ?? 0), 0);
  const told = (count: number) => (counts === null ? "" : atLeast ? t("effect.atLeast", { count }) : t("effect.count", { count }));
  const chosen: string = value ?? "all";
  const shown = effects.filter((effect) => effect === value || (counts?.[effect] ?? 0) > 0);
  return (
    <Chip.Group value={chosen} onChange={(next) => onChange(effects.find((each) => each === next))}>
      <Group gap="xs" role="radiogroup" aria-label={t("effect.label")}>
        <Chip value="all" variant="outline" size="sm">
          {t("effect.all")} {told(all)}
        </Chip>
        {shown.map((effect) => (
          <Chip key={effect} value={effect} variant="outline" size="sm">
            {t(`effect.${effect}`)} {told(counts?.[effect] ?? 0)}
          </Chip>
        ))}
      </Group>
    </Chip.Group>
  );
}
