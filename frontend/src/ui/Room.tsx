import { Box } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import type { ReactNode } from "react";
import { ResponsiveContainer } from "recharts";

interface Props {
  height: string | number;
  /** A chart. */
  children: ReactNode;
}

/** Room for a chart, which is drawn once there is some, and gets its size from here: none is ever of no size. */
export function Room({ height: room, children }: Props) {
  const { ref, width, height } = useElementSize();
  const [wide, high] = [Math.floor(width), Math.floor(height)];
  return (
    <Box ref={ref} h={room} data-drawing>
      {wide > 0 && high > 0 ? (
        <ResponsiveContainer width={wide} height={high}>
          {children}
        </ResponsiveContainer>
      ) : null}
    </Box>
  );
}
