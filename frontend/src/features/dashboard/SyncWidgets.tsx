/** How well numbers reach the shops, and how the platforms answer. */

import type { Schemas } from "@/api/client";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { platformName } from "@/ui/platforms";

import { Chart } from "./Chart";
import { Report } from "./Report";
import { useSyncReport } from "./reports";
import { namesOf, type Options } from "./spans";

type SyncReport = Schemas["SyncReport"];
type CallPoint = Schemas["CallPoint"];

export function SyncSuccess({ options }: { options: Options }) {
  const { t } = useWords();
  const format = useFormat();
  const report = useSyncReport(options);
  return (
    <Report query={report}>
      {(found) => {
        const shops = found.connections.filter(
          ({ connection_id }) => options.connection_id === undefined || connection_id === options.connection_id,
        );
        const outcome = (name: "applied" | "stale" | "failed") =>
          found.periods.map((_, index) => shops.reduce((all, { points }) => all + (points[index]?.[name] ?? 0), 0));
        const sum = (values: number[]) => values.reduce((all, value) => all + value, 0);
        const [applied, stale, failed] = [outcome("applied"), outcome("stale"), outcome("failed")];
        const ended = sum(applied) + sum(failed);
        return (
          <Chart
            label={t("widget.sync_success")}
            shape="bar"
            stacked
            headline={ended === 0 ? "–" : share(sum(applied) / ended, format)}
            note={t("chart.written", { count: sum(applied) })}
            periods={namesOf(found, format)}
            series={[
              { name: t("chart.applied"), values: applied, colour: 5 },
              { name: t("chart.stale"), values: stale, colour: 1 },
              { name: t("chart.failed"), values: failed, colour: 2 },
            ]}
            say={(count) => format.number(count)}
            axis={(count) => format.number(count, { notation: "compact" })}
          />
        );
      }}
    </Report>
  );
}

export function ApiLatency({ options }: { options: Options }) {
  const { t } = useWords();
  const format = useFormat();
  const report = useSyncReport(options);
  const ms = (value: number) => t("chart.ms", { value: format.number(value) });
  return (
    <Report query={report}>
      {(found) => {
        const calls = called(found);
        const spent = found.platforms.reduce((all, each) => all + each.calls * (each.mean_latency_ms ?? 0), 0);
        const slowest = Math.max(0, ...found.platforms.map(({ slowest_ms }) => slowest_ms ?? 0));
        return (
          <Chart
            label={t("widget.api_latency")}
            shape="line"
            headline={calls === 0 ? "–" : ms(Math.round(spent / calls))}
            note={calls === 0 ? undefined : t("chart.slowest", { time: ms(slowest) })}
            periods={namesOf(found, format)}
            series={ofPlatforms(found, ({ mean_latency_ms }) => mean_latency_ms)}
            say={ms}
            axis={(value) => format.number(value, { notation: "compact" })}
          />
        );
      }}
    </Report>
  );
}

export function ApiErrors({ options }: { options: Options }) {
  const { t } = useWords();
  const format = useFormat();
  const report = useSyncReport(options);
  return (
    <Report query={report}>
      {(found) => {
        const calls = called(found);
        const failed = found.platforms.reduce((all, each) => all + each.failed, 0);
        return (
          <Chart
            label={t("widget.api_errors")}
            shape="bar"
            stacked
            headline={calls === 0 ? "–" : share(failed / calls, format)}
            note={t("chart.ofCalls", { count: calls, failed: format.number(failed) })}
            periods={namesOf(found, format)}
            series={ofPlatforms(found, (point) => point.failed)}
            say={(count) => format.number(count)}
            axis={(count) => format.number(count, { notation: "compact" })}
          />
        );
      }}
    </Report>
  );
}

function ofPlatforms(found: SyncReport, value: (point: CallPoint) => number | null) {
  return found.platforms.map(({ platform, points }) => ({
    name: platformName(platform),
    values: points.map(value),
  }));
}

function called(found: SyncReport): number {
  return found.platforms.reduce((all, { calls }) => all + calls, 0);
}

/** 99.96 % is not 100 %. */
function share(of: number, format: ReturnType<typeof useFormat>): string {
  const shown = of < 1 ? Math.min(Math.floor(of * 10_000) / 10_000, 0.9999) : 1;
  return format.number(shown, { style: "percent", maximumFractionDigits: 2 });
}
