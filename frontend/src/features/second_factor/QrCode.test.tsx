import { MantineProvider } from "@mantine/core";
import { render, screen } from "@testing-library/react";
import decodeQR from "qr/decode.js";
import { expect, it } from "vitest";

import QrCode from "./QrCode";

const SCALE = 4;

/** What a camera would see of it. */
function photographed(svg: Element) {
  const side = Number(svg.getAttribute("viewBox")?.split(" ")[2]) * SCALE;
  const data = new Uint8Array(side * side * 4).fill(255);
  for (const [, x, y] of (svg.querySelector("path")?.getAttribute("d") ?? "").matchAll(/M(\d+) (\d+)h1v1h-1z/g)) {
    for (let row = 0; row < SCALE; row += 1) {
      const from = ((Number(y) * SCALE + row) * side + Number(x) * SCALE) * 4;
      data.fill(0, from, from + SCALE * 4);
    }
  }
  return { width: side, height: side, data };
}

it.each([
  "otpauth://totp/SyncFlow:anna%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=SyncFlow",
  `otpauth://totp/${"Lädchen".repeat(20)}`,
])("draws what a camera reads: %s", (text) => {
  render(
    <MantineProvider>
      <QrCode text={text} label="QR code" />
    </MantineProvider>,
  );
  expect(decodeQR(photographed(screen.getByRole("img", { name: "QR code" })))).toBe(text);
});
