import { Badge } from "@mantine/core";

/** A state in the colour of text, with a mark in its own: that can be read in light and dark. */
export function Told({ colour, children }: { colour: string; children: string }) {
  return (
    <Badge
      variant="default"
      tt="none"
      fw={500}
      leftSection={
        <svg width={8} height={8} viewBox="0 0 8 8" aria-hidden="true">
          <circle cx={4} cy={4} r={4} fill={`var(--mantine-color-${colour}-6)`} />
        </svg>
      }
    >
      {children}
    </Badge>
  );
}
