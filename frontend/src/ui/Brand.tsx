import { Group, Text } from "@mantine/core";

import mark from "./mark.svg";

export function Brand() {
  return (
    <Group gap={8} wrap="nowrap">
      <img src={mark} width={28} height={28} alt="" />
      <Text span fw={700} size="lg">
        SyncFlow
      </Text>
    </Group>
  );
}
