import { Text } from "@mantine/core";

/** There is nothing of a kind; not worth a picture. */
export function None({ children }: { children: string }) {
  return (
    <Text size="sm" c="dimmed">
      {children}
    </Text>
  );
}
