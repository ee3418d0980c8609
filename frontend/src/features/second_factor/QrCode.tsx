import { Box } from "@mantine/core";
import encodeQR from "qr";
import { useMemo } from "react";

const QUIET = 4;

interface Props {
  text: string;
  label: string;
}

/** Made in the browser: a secret is sent to nobody for a picture. Dark on light in both schemes, as not every
 *  camera reads it the other way round. */
export default function QrCode({ text, label }: Props) {
  const grid = useMemo(() => encodeQR(text, "raw", { ecc: "medium", border: QUIET }), [text]);
  const dark = grid.flatMap((row, y) => row.map((is, x) => (is ? `M${x} ${y}h1v1h-1z` : ""))).join("");
  return (
    <Box ta="center">
      <svg width={220} height={220} viewBox={`0 0 ${grid.length} ${grid.length}`} role="img" aria-label={label}>
        <rect width={grid.length} height={grid.length} fill="#fff" />
        <path d={dark} fill="#000" shapeRendering="crispEdges" />
      </svg>
    </Box>
  );
}
