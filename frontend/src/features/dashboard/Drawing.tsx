import "@mantine/charts/styles.css";

import { BarChart, LineChart } from "@mantine/charts";

import { Room } from "@/ui/Room";

import type { Drawn } from "./Chart";

/** Strokes tell lines apart where colours do not. */
const STROKES = ["0", "6 4", "2 3", "10 3 2 3", "1 4", "12 4"];

/** A chart of rows and series; loaded when the first one is shown. What it shows stands in a table, too. */
export default function Drawing({ shape, periods, series, say, axis, stacked }: Drawn) {
  const data = periods.map((period, index) => ({
    period,
    ...Object.fromEntries(series.map(({ name, values }) => [name, values[index] ?? null])),
  }));
  const drawn = series.map(({ name, colour }, index) => ({
    name,
    color: `var(--app-series-${colour ?? index + 1})`,
    ...(shape === "line" ? { strokeDasharray: STROKES[index % STROKES.length] ?? "0" } : {}),
  }));
  const common = {
    h: "100%",
    data,
    dataKey: "period",
    series: drawn,
    valueFormatter: say,
    withLegend: series.length > 1,
    // Three and more take two rows where it is narrow.
    legendProps: { verticalAlign: "bottom" as const, height: series.length > 2 ? 76 : 52 },
    yAxisProps: { width: 68, tickFormatter: axis, allowDecimals: false },
    xAxisProps: { minTickGap: 24 },
    tickLine: "none" as const,
    accessibilityLayer: false,
  };
  return (
    <Room height="100%">
      {shape === "line" ? (
        <LineChart
          {...common}
          curveType="linear"
          connectNulls={false}
          strokeWidth={2.5}
          withDots={periods.length <= 31}
          dotProps={{ r: 2.5, strokeWidth: 1 }}
          lineProps={{ isAnimationActive: false }}
        />
      ) : (
        <BarChart
          {...common}
          type={stacked ? "stacked" : "default"}
          maxBarWidth={40}
          barProps={{ isAnimationActive: false }}
          barChartProps={stacked ? { stackOffset: "sign" } : {}}
        />
      )}
    </Room>
  );
}
