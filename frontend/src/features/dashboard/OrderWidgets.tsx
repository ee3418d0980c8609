/** What orders came to, over time. */

import { NativeSelect } from "@mantine/core";
import { useState } from "react";

import type { Schemas } from "@/api/client";
import { digitsOf, useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { platformName } from "@/ui/platforms";

import { Chart, type Series } from "./Chart";
import { Report } from "./Report";
import { useOrderReport } from "./reports";
import { namesOf, type Options } from "./spans";

type OrderReport = Schemas["OrderReport"];
type Point = Schemas["OrderPoint"];

export function Orders({ options }: { options: Options }) {
  const { t } = useWords();
  const format = useFormat();
  const report = useOrderReport(options, "currency");
  return (
    <Report query={report}>
      {(found) => {
        const orders = added(found, ({ orders: count }) => count);
        const cancelled = added(found, ({ cancelled: count }) => count);
        return (
          <Chart
            label={t("widget.orders")}
            shape="bar"
            stacked
            headline={format.number(sum(orders))}
            note={t("chart.cancelled", { count: sum(cancelled) })}
            periods={namesOf(found, format)}
            series={[
              { name: t("chart.sales"), values: orders },
              { name: t("chart.cancelledOnes"), values: cancelled, colour: 2 },
            ]}
            say={(value) => format.number(value)}
            axis={(value) => format.number(value, { notation: "compact" })}
          />
        );
      }}
    </Report>
  );
}

export function OrdersByPlatform({ options }: { options: Options }) {
  const { t } = useWords();
  const format = useFormat();
  const report = useOrderReport(options, "platform");
  return (
    <Report query={report}>
      {(found) => {
        const platforms = [...new Set(found.series.map(({ platform }) => platform ?? ""))].toSorted();
        const series = platforms.map((platform): Series => {
          const own = { ...found, series: found.series.filter((each) => each.platform === platform) };
          return { name: platformName(platform), values: added(own, ({ orders }) => orders) };
        });
        const largest = series.toSorted((a, b) => sum(b.values) - sum(a.values))[0];
        const all = sum(series.flatMap(({ values }) => values));
        return (
          <Chart
            label={t("widget.orders_by_platform")}
            shape="bar"
            stacked
            headline={format.number(all)}
            note={
              largest === undefined || all === 0
                ? undefined
                : t("chart.share", {
                    name: largest.name,
                    share: format.number(sum(largest.values) / all, { style: "percent" }),
                  })
            }
            periods={namesOf(found, format)}
            series={series}
            say={(value) => format.number(value)}
            axis={(value) => format.number(value, { notation: "compact" })}
          />
        );
      }}
    </Report>
  );
}

export function Revenue({ options }: { options: Options }) {
  const { t } = useWords();
  return (
    <OfCurrency
      options={options}
      label={t("widget.revenue")}
      value={({ total_minor, refunded_minor }) => total_minor - refunded_minor}
      headline={(total) => total.net_minor}
      shape="bar"
    />
  );
}

export function AverageOrder({ options }: { options: Options }) {
  const { t } = useWords();
  return (
    <OfCurrency
      options={options}
      label={t("widget.average_order")}
      value={({ orders, total_minor, refunded_minor }) =>
        orders === 0 ? null : Math.round((total_minor - refunded_minor) / orders)
      }
      headline={(total) => total.average_minor}
      shape="line"
    />
  );
}

interface CurrencyProps {
  options: Options;
  label: string;
  value: (point: Point) => number | null;
  headline: (total: Schemas["OrderTotal"]) => number | null;
  shape: "line" | "bar";
}

/** Amounts of one currency: they are never added up with others. The one with most sales first. */
function OfCurrency({ options, label, value, headline, shape }: CurrencyProps) {
  const { t } = useWords();
  const format = useFormat();
  const [chosen, choose] = useState(options.currency ?? null);
  const report = useOrderReport(options, "currency");
  return (
    <Report query={report}>
      {(found) => {
        const totals = found.totals.toSorted((a, b) => b.orders - a.orders);
        const total = totals.find(({ currency }) => currency === chosen) ?? totals[0];
        const currency = total?.currency ?? options.currency ?? "EUR";
        const points = found.series.find((each) => each.currency === currency)?.points;
        const amount = total === undefined ? null : headline(total);
        return (
          <Chart
            label={label}
            shape={shape}
            headline={amount === null ? "–" : format.money(amount, currency)}
            note={
              totals.length > 1 ? (
                <NativeSelect
                  size="xs"
                  aria-label={t("chart.currency")}
                  data={totals.map((each) => each.currency)}
                  value={currency}
                  onChange={(event) => choose(event.currentTarget.value)}
                />
              ) : total === undefined ? undefined : (
                t("overview.orders", { count: total.orders })
              )
            }
            periods={namesOf(found, format)}
            series={[{ name: label, values: points?.map(value) ?? found.periods.map(() => null) }]}
            say={(minor) => format.money(minor, currency)}
            axis={(minor) => format.number(minor / 10 ** digitsOf(currency), { notation: "compact" })}
          />
        );
      }}
    </Report>
  );
}

/** Of each period, over all series. */
function added(found: OrderReport, count: (point: Point) => number): number[] {
  return found.periods.map((_, index) =>
    found.series.reduce((all, { points }) => all + (points[index] === undefined ? 0 : count(points[index])), 0),
  );
}

function sum(values: readonly (number | null)[]): number {
  return values.reduce<number>((all, value) => all + (value ?? 0), 0);
}
