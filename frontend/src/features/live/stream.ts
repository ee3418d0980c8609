/** `GET /api/v1/live` as it comes: a stream of server-sent events on `fetch`, since the token goes into a header
 *  (docs/users/live.md). */

import { problemOf } from "@/api/problem";

export interface LiveEvent {
  /** `ready`, `reset`, or a kind such as `order.created`. */
  type: string;
  /** The API's document, still as text. */
  data: string;
}

export interface Parsed {
  id?: string;
  retry?: number;
  event?: LiveEvent;
}

/** Puts pieces of text together to events. A comment, which shows that the connection lives, is an empty one. */
export function makeParser(): (text: string) => Parsed[] {
  let rest = "";
  return (text) => {
    const blocks = (rest + text.replace(/\r\n?/g, "\n")).split("\n\n");
    rest = blocks.pop() ?? "";
    return blocks.map(parsed);
  };
}

function parsed(block: string): Parsed {
  const found: Parsed = {};
  let type = "";
  const data: string[] = [];
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "id") found.id = value;
    else if (name === "event") type = value;
    else if (name === "data") data.push(value);
    else if (name === "retry" && /^\d+$/.test(value)) found.retry = Number(value);
  }
  if (type !== "") {
    found.event = { type, data: data.join("\n") };
  }
  return found;
}

interface Options {
  /** Opens the stream; `lastId` is what it is to go on from. */
  open: (lastId: string | null, signal: AbortSignal) => Promise<Response>;
  onEvent: (event: LiveEvent) => void;
  onConnected: (connected: boolean) => void;
  signal: AbortSignal;
  /** Silence that means a broken connection; the server says something every 15 seconds. */
  silenceMs?: number;
  wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

const FIRST_RETRY_MS = 3000;
const MOST_RETRY_MS = 60_000;

/** Listens until `signal` ends it, coming back whenever the stream breaks or its token is over. */
export async function listen({ open, onEvent, onConnected, signal, silenceMs = 40_000, wait = pause }: Options) {
  let lastId: string | null = null;
  let retry = FIRST_RETRY_MS;
  let failures = 0;
  while (!signal.aborted) {
    const attempt = new AbortController();
    const stop = () => attempt.abort();
    signal.addEventListener("abort", stop);
    let watchdog = setTimeout(stop, silenceMs);
    let asked = 0;
    try {
      const answer = await open(lastId, attempt.signal);
      const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
      const parse = makeParser();
      for (let piece = await reader?.read(); piece && !piece.done; piece = await reader?.read()) {
        clearTimeout(watchdog);
        watchdog = setTimeout(stop, silenceMs);
        for (const { id, retry: told, event } of parse(piece.value)) {
          lastId = id ?? lastId;
          retry = told ?? retry;
          if (event !== undefined) {
            failures = 0;
            onConnected(true);
            onEvent(event);
          }
        }
      }
    } catch (error) {
      failures += 1;
      asked = (problemOf(error).retryAfter ?? 0) * 1000;
    } finally {
      clearTimeout(watchdog);
      signal.removeEventListener("abort", stop);
      attempt.abort();
    }
    if (!signal.aborted) {
      onConnected(false);
      await wait(Math.min(Math.max(asked, retry * 2 ** Math.max(failures - 1, 0)), MOST_RETRY_MS), signal);
    }
  }
}

/** So long at most: there may be an answer at once where the browser is online again, or its window looked at. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const over = new AbortController();
    const done = () => {
      clearTimeout(timer);
      over.abort();
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, over);
    window.addEventListener("online", done, over);
    document.addEventListener("visibilitychange", () => (document.hidden ? undefined : done()), over);
  });
}
