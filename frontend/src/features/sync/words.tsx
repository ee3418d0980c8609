import type { Schemas } from "@/api/client";
import type { Format } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { Told } from "@/ui/Told";

type Run = Schemas["Run"];

const OF_STATE = { running: "indigo", succeeded: "green", partly: "yellow", failed: "red" } as const;
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

export function RunState({ state }: Pick<Run, "state">) {
  const { t } = useWords();
  return <Told colour={OF_STATE[state]}>{t(`run.state.${state}`)}</Told>;
}

/** How long it took, in the unit that fits: "3.2 sec"; null while it goes on, and where several share the row: from the
 *  beginning of their window to the end of the last is no work of that length. */
export function durationOf(run: Pick<Run, "times" | "window_at" | "created_at" | "finished_at">, format: Format): string | null {
  if (run.finished_at === null || run.times > 1 || run.window_at !== null) {
    return null;
  }
  const ms = new Date(run.finished_at).getTime() - new Date(run.created_at).getTime();
  const [unit, size] = ms >= HOUR ? (["hour", HOUR] as const) : ms >= MINUTE ? (["minute", MINUTE] as const) : (["second", SECOND] as const);
  return format.number(ms / size, { style: "unit", unit, maximumFractionDigits: 1 });
}
