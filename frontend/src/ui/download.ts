const NEW_LINE = 10;

/** Reads a file that comes piece by piece to its end, telling how many lines are there. Raises what broke it off. */
export async function readFile(
  stream: ReadableStream<Uint8Array>,
  onLines: (lines: number) => void = () => undefined,
): Promise<Blob> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  const reader = stream.getReader();
  let lines = 0;
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    pieces.push(new Uint8Array(piece.value));
    lines += piece.value.reduce((count, byte) => (byte === NEW_LINE ? count + 1 : count), 0);
    onLines(lines);
  }
  return new Blob(pieces, { type: "text/csv" });
}
