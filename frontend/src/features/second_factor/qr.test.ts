import { createHash } from "node:crypto";

import { describe, expect, it } from "vitest";

import { pathOf, qrCode } from "./qr";

/** Made by another program (python-qrcode 8.2): version 1, mask 0. */
const LETTER_A = [
  "111111100111001111111",
  "100000101011101000001",
  "101110100010001011101",
  "101110100100001011101",
  "101110101100101011101",
  "100000100010101000001",
  "111111101010101111111",
  "000000000001100000000",
  "101010100011000010010",
  "100111000100001000110",
  "010000101110100010001",
  "101010000110001000100",
  "101001101010101010101",
  "000000001111010101010",
  "111111100001011101111",
  "100000100101110111000",
  "101110101101011101101",
  "101110100000001000110",
  "101110101100100010001",
  "100000100110001000110",
  "111111101000101010111",
];
/** The same program's, by their SHA-256: versions 6, 7 (that it says), 15 and 20 (several blocks, some longer). */
const URI =
  "otpauth://totp/SyncFlow:anna%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=SyncFlow";
const LONGER = [
  [URI, 2, "56de15530a3d237a32c7b7c7e050c17a8f459eaac908b4bc27093ef4300a7e81"],
  [URI, 3, "e7822641395e2c6d5f1f5bfc094dabcd144e103af7b8ea7531e75ceb2420cb48"],
  ["ä".repeat(60), 5, "1957d03051b007a8ec29aafbc154482055f32841e2adbada11977ef6061cdecd"],
  ["x".repeat(400), 0, "3ed4282a72f331b172e38681e01327892b9348ae87d214ff7c487caeccdf7d8b"],
  ["y".repeat(660), 6, "048854ed61d7b3d0c3cb682f879ccafc40a1f1cf07e47fd68cfad606b044422a"],
] as const;

function written(grid: boolean[][]): string[] {
  return grid.map((row) => row.map((dark) => (dark ? "1" : "0")).join(""));
}

describe("a QR code", () => {
  it("is what others make of the same text", () => {
    expect(written(qrCode("A", 0))).toEqual(LETTER_A);
    for (const [text, mask, digest] of LONGER) {
      const rows = written(qrCode(text, mask)).join("\n");
      expect(createHash("sha256").update(rows).digest("hex")).toBe(digest);
    }
  });

  it("takes the mask that is read best", () => {
    expect(qrCode(URI)).toEqual(qrCode(URI, 2));
  });

  it("is drawn dark module by dark module", () => {
    expect(pathOf([[true, false], [false, true]])).toBe("M0 0h1v1h-1zM1 1h1v1h-1z");
  });

  it("says that a text is too long", () => {
    expect(() => qrCode("z".repeat(667))).toThrow(RangeError);
  });
});
