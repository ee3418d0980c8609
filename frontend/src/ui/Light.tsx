import { Box, Group, Text } from "@mantine/core";

import { useWords } from "@/i18n/words";

import { Icon } from "./icons";

export type LightColour = "green" | "amber" | "red";

const ICONS = { green: "check", amber: "warn", red: "stop" } as const;

/** Told by an icon and a word too: not everybody sees colours. */
export function Light({ colour }: { colour: LightColour }) {
  const { t } = useWords();
  return (
    <Group gap={6} wrap="nowrap" fw={600}>
      <Box component="span" lh={0} style={{ color: `var(--app-${colour})` }}>
        <Icon name={ICONS[colour]} size={20} />
      </Box>
      <Text span size="sm" fw={600} style={{ whiteSpace: "nowrap" }}>
        {t(`light.${colour}`)}
      </Text>
    </Group>
  );
}
