/** QR codes (ISO/IEC 18004) of a text in UTF-8, made here: a secret is not to be sent to anybody for a picture.
 *  Byte mode, error correction level M, versions 1 to 20 (666 bytes). */

/** By version, from 1. */
const CHECK_BYTES = [10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26];
const BLOCKS = [1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16];
const FORMAT_OF_M = 0;

type Grid = boolean[][];

/** Rows of modules, true for dark. Throws a RangeError if the text is too long. */
export function qrCode(text: string, forcedMask?: number): Grid {
  const bytes = new TextEncoder().encode(text);
  const version = BLOCKS.findIndex((_, index) => bytes.length <= room(index + 1)) + 1;
  if (version === 0) {
    throw new RangeError("That is too long for a QR code.");
  }
  const stream = withChecks(payload(bytes, version), version);
  const blank = patterns(version);
  const masks = forcedMask === undefined ? [0, 1, 2, 3, 4, 5, 6, 7] : [forcedMask];
  const drawn = masks.map((mask) => draw(blank, stream, mask));
  return drawn.reduce((best, next) => (penalty(next) < penalty(best) ? next : best));
}

/** As the path of an SVG whose unit is a module. */
export function pathOf(grid: Grid): string {
  return grid
    .flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : "")))
    .join("");
}

/** Modules for data and checks. */
function rawModules(version: number): number {
  let count = (16 * version + 128) * version + 64;
  if (version >= 2) {
    const aligned = Math.floor(version / 7) + 2;
    count -= (25 * aligned - 10) * aligned - 55;
  }
  return version >= 7 ? count - 36 : count;
}

function dataBytes(version: number): number {
  const checks = at(CHECK_BYTES, version - 1) * at(BLOCKS, version - 1);
  return Math.floor(rawModules(version) / 8) - checks;
}

function countBits(version: number): number {
  return version < 10 ? 8 : 16;
}

/** Bytes of text that fit. */
function room(version: number): number {
  return Math.floor((dataBytes(version) * 8 - 4 - countBits(version)) / 8);
}

function payload(bytes: Uint8Array, version: number): number[] {
  const bits: number[] = [];
  const put = (value: number, length: number) => {
    for (let bit = length - 1; bit >= 0; bit -= 1) {
      bits.push((value >> bit) & 1);
    }
  };
  put(0b0100, 4);
  put(bytes.length, countBits(version));
  bytes.forEach((byte) => put(byte, 8));
  const length = dataBytes(version) * 8;
  put(0, Math.min(4, length - bits.length));
  put(0, (8 - (bits.length % 8)) % 8);
  for (let pad = 0xec; bits.length < length; pad ^= 0xec ^ 0x11) {
    put(pad, 8);
  }
  const found: number[] = [];
  for (let start = 0; start < bits.length; start += 8) {
    found.push(bits.slice(start, start + 8).reduce((value, bit) => value * 2 + bit, 0));
  }
  return found;
}

/** Blocks with their Reed-Solomon checks, interleaved. */
function withChecks(data: number[], version: number): number[] {
  const count = at(BLOCKS, version - 1);
  const checks = at(CHECK_BYTES, version - 1);
  const all = Math.floor(rawModules(version) / 8);
  const short = count - (all % count);
  const length = Math.floor(all / count) - checks;
  const divisor = generator(checks);
  const blocks: { data: number[]; checks: number[] }[] = [];
  let start = 0;
  for (let block = 0; block < count; block += 1) {
    const part = data.slice(start, start + length + (block < short ? 0 : 1));
    start += part.length;
    blocks.push({ data: part, checks: remainder(part, divisor) });
  }
  const found: number[] = [];
  for (let index = 0; index <= length; index += 1) {
    blocks.forEach((block) => index < block.data.length && found.push(at(block.data, index)));
  }
  for (let index = 0; index < checks; index += 1) {
    blocks.forEach((block) => found.push(at(block.checks, index)));
  }
  return found;
}

/** In GF(2^8) modulo x^8 + x^4 + x^3 + x^2 + 1. */
function times(a: number, b: number): number {
  let product = 0;
  for (let bit = 7; bit >= 0; bit -= 1) {
    product = (product << 1) ^ ((product >>> 7) * 0x11d);
    product ^= ((b >>> bit) & 1) * a;
  }
  return product;
}

function generator(degree: number): number[] {
  const found = [...Array<number>(degree - 1).fill(0), 1];
  let root = 1;
  for (let step = 0; step < degree; step += 1) {
    for (let index = 0; index < degree; index += 1) {
      found[index] = times(at(found, index), root) ^ (found[index + 1] ?? 0);
    }
    root = times(root, 2);
  }
  return found;
}

function remainder(data: number[], divisor: number[]): number[] {
  const found = divisor.map(() => 0);
  for (const byte of data) {
    const factor = byte ^ (found.shift() ?? 0);
    found.push(0);
    divisor.forEach((part, index) => {
      found[index] = at(found, index) ^ times(part, factor);
    });
  }
  return found;
}

/** null: a module of the data. */
function patterns(version: number): (boolean | null)[][] {
  const size = version * 4 + 17;
  const grid = Array.from({ length: size }, () => Array<boolean | null>(size).fill(null));
  const set = (x: number, y: number, dark: boolean) => {
    if (x >= 0 && y >= 0 && x < size && y < size) {
      row(grid, y)[x] = dark;
    }
  };
  for (let index = 0; index < size; index += 1) {
    set(6, index, index % 2 === 0);
    set(index, 6, index % 2 === 0);
  }
  for (const [x, y] of [[3, 3], [size - 4, 3], [3, size - 4]] as const) {
    around(4, (dx, dy, far) => set(x + dx, y + dy, far !== 2 && far !== 4));
  }
  const lines = alignment(version, size);
  const last = lines.length - 1;
  lines.forEach((x, i) =>
    lines.forEach((y, j) => {
      const isCorner = (i === 0 && (j === 0 || j === last)) || (i === last && j === 0);
      if (!isCorner) {
        around(2, (dx, dy, far) => set(x + dx, y + dy, far !== 1));
      }
    }),
  );
  format(size, 0, set);
  if (version >= 7) {
    const bits = (version << 12) | remainderOfBits(version, 12, 0x1f25);
    for (let index = 0; index < 18; index += 1) {
      const [a, b] = [size - 11 + (index % 3), Math.floor(index / 3)];
      set(a, b, ((bits >> index) & 1) === 1);
      set(b, a, ((bits >> index) & 1) === 1);
    }
  }
  return grid;
}

function around(radius: number, each: (dx: number, dy: number, far: number) => void): void {
  for (let dy = -radius; dy <= radius; dy += 1) {
    for (let dx = -radius; dx <= radius; dx += 1) {
      each(dx, dy, Math.max(Math.abs(dx), Math.abs(dy)));
    }
  }
}

function alignment(version: number, size: number): number[] {
  if (version === 1) {
    return [];
  }
  const count = Math.floor(version / 7) + 2;
  const step = Math.ceil((version * 4 + 4) / (count * 2 - 2)) * 2;
  return [6, ...Array.from({ length: count - 1 }, (_, index) => size - 7 - step * (count - 2 - index))];
}

function format(size: number, mask: number, set: (x: number, y: number, dark: boolean) => void): void {
  const data = (FORMAT_OF_M << 3) | mask;
  const bits = ((data << 10) | remainderOfBits(data, 10, 0x537)) ^ 0x5412;
  const dark = (index: number) => ((bits >> index) & 1) === 1;
  for (let index = 0; index <= 5; index += 1) {
    set(8, index, dark(index));
  }
  set(8, 7, dark(6));
  set(8, 8, dark(7));
  set(7, 8, dark(8));
  for (let index = 9; index < 15; index += 1) {
    set(14 - index, 8, dark(index));
  }
  for (let index = 0; index < 8; index += 1) {
    set(size - 1 - index, 8, dark(index));
  }
  for (let index = 8; index < 15; index += 1) {
    set(8, size - 15 + index, dark(index));
  }
  set(8, size - 8, true);
}

/** Of a BCH code. */
function remainderOfBits(value: number, length: number, divisor: number): number {
  let found = value;
  for (let step = 0; step < length; step += 1) {
    found = (found << 1) ^ ((found >>> (length - 1)) * divisor);
  }
  return found;
}

const MASKS: readonly ((x: number, y: number) => boolean)[] = [
  (x, y) => (x + y) % 2 === 0,
  (_, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
  (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

/** Data goes in columns of two, from the right, up and down in turn. */
function draw(blank: readonly (readonly (boolean | null)[])[], stream: number[], mask: number): Grid {
  const size = blank.length;
  const grid = blank.map((each) => each.map((dark) => dark ?? false));
  const flips = at(MASKS, mask);
  let next = 0;
  for (let right = size - 1; right >= 1; right -= 2) {
    const column = right <= 6 ? right - 1 : right;
    const isUp = ((column + 1) & 2) === 0;
    for (let step = 0; step < size; step += 1) {
      const y = isUp ? size - 1 - step : step;
      for (const x of [column, column - 1]) {
        if (row(blank, y)[x] === null) {
          const dark = (((stream[next >> 3] ?? 0) >> (7 - (next & 7))) & 1) === 1;
          row(grid, y)[x] = dark !== flips(x, y);
          next += 1;
        }
      }
    }
  }
  format(size, mask, (x, y, dark) => {
    row(grid, y)[x] = dark;
  });
  return grid;
}

/** How hard it is to read: the mask with the least of it is taken. */
function penalty(grid: Grid): number {
  const size = grid.length;
  const columns = grid.map((_, x) => grid.map((each) => each[x] === true));
  let found = 0;
  for (const line of [...grid, ...columns]) {
    const text = line.map((dark) => (dark ? "1" : "0")).join("");
    found += [...text.matchAll(/1{5,}|0{5,}/g)].reduce((sum, [run]) => sum + run.length - 2, 0);
    found += 40 * [...text.matchAll(/(?=10111010000|00001011101)/g)].length;
  }
  for (let y = 1; y < size; y += 1) {
    for (let x = 1; x < size; x += 1) {
      const corner = row(grid, y)[x];
      if (
        corner === row(grid, y)[x - 1] &&
        corner === row(grid, y - 1)[x] &&
        corner === row(grid, y - 1)[x - 1]
      ) {
        found += 3;
      }
    }
  }
  const dark = grid.flat().filter(Boolean).length;
  return found + 10 * Math.floor(Math.abs((dark * 20) / (size * size) - 10));
}

function at<T>(list: readonly T[], index: number): T {
  return list[index] as T;
}

function row<T>(grid: readonly T[], y: number): T {
  return grid[y] as T;
}
