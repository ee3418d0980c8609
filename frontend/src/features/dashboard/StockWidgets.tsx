/** What stock is worth, what runs low, and what came and went. */

import { Box, Group, Stack, Text } from "@mantine/core";

import type { Schemas } from "@/api/client";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { TextLink } from "@/ui/links";
import { Empty } from "@/ui/states";

import { Chart } from "./Chart";
import { Report } from "./Report";
import { useStockReport } from "./reports";
import { namesOf, type Options } from "./spans";
import classes from "./Widget.module.css";

type Value = Schemas["StockValue"];

export function StockMovements({ options }: { options: Options }) {
  const { t } = useWords();
  const format = useFormat();
  const report = useStockReport(options);
  return (
    <Report query={report}>
      {(found) => {
        const flow = (name: "units_in" | "units_out") =>
          found.periods.map((_, index) =>
            found.movements.reduce((all, { points }) => all + (points[index]?.[name] ?? 0), 0),
          );
        const [came, left] = [flow("units_in"), flow("units_out")];
        const total = (values: number[]) => values.reduce((all, value) => all + value, 0);
        return (
          <Chart
            label={t("widget.stock_movements")}
            shape="bar"
            stacked
            headline={format.number(total(came) - total(left), { signDisplay: "exceptZero" })}
            note={t("chart.flow", { came: total(came), left: total(left) })}
            periods={namesOf(found, format)}
            series={[
              { name: t("chart.came"), values: came, colour: 5 },
              { name: t("chart.left"), values: left.map((units) => (units === 0 ? 0 : -units)), colour: 2 },
            ]}
            say={(units) => format.number(units)}
            axis={(units) => format.number(units, { notation: "compact" })}
          />
        );
      }}
    </Report>
  );
}

/** What is on hand, now; at cost and at price apart. */
export function StockValue({ options }: { options: Options }) {
  const { t } = useWords();
  const format = useFormat();
  const report = useStockReport(options);
  return (
    <Report query={report}>
      {({ value: values, converted }) => {
        if (values.length === 0) {
          return (
            <Text size="sm" c="dimmed">
              {t("stockValue.none")}
            </Text>
          );
        }
        const worth = values.filter(({ basis }) => basis !== "none");
        const unknown = values.filter(({ basis }) => basis === "none").reduce((all, { units }) => all + units, 0);
        const currencies = [...new Set(worth.map(({ currency }) => currency))];
        return (
          <Stack gap="md">
            {currencies.map((currency) => (
              <Worth key={currency} currency={currency} values={worth.filter((each) => each.currency === currency)} />
            ))}
            {converted === null || currencies.length < 2 ? null : (
              <Text size="sm">
                {t("stockValue.converted", { amount: format.money(converted.value_minor, converted.currency) })}
              </Text>
            )}
            {unknown === 0 ? null : (
              <Text size="sm" c="dimmed">
                {t("stockValue.unknown", { count: unknown })}
              </Text>
            )}
          </Stack>
        );
      }}
    </Report>
  );
}

function Worth({ currency, values }: { currency: string; values: Value[] }) {
  const { t } = useWords();
  const format = useFormat();
  const total = values.reduce((all, { value_minor }) => all + value_minor, 0);
  return (
    <div>
      <Text fz={22} fw={650} lh={1.25}>
        {format.money(total, currency)}
      </Text>
      <Stack component="ul" className={classes["list"] ?? ""} gap={6} mt={6}>
        {values.map(({ basis, value_minor, units, variants }) => (
          <Box component="li" key={basis} style={{ border: 0, padding: 0 }}>
            <Group justify="space-between" gap="xs" style={{ rowGap: 0 }}>
              <Text size="sm">{t(basis === "cost" ? "stockValue.cost" : "stockValue.price")}</Text>
              <Text size="sm" fw={600}>
                {format.money(value_minor, currency)}
              </Text>
            </Group>
            <div className={classes["share"]} style={{ width: `${shareOf(value_minor, total)}%` }} />
            <Text size="xs" c="dimmed">
              {t("stockValue.units", { count: units, variants: format.number(variants) })}
            </Text>
          </Box>
        ))}
      </Stack>
    </div>
  );
}

function shareOf(part: number, whole: number): number {
  return whole <= 0 ? 0 : Math.min(100, Math.max(0, (part / whole) * 100));
}

export function LowStock({ options }: { options: Options }) {
  const { t } = useWords();
  const format = useFormat();
  const report = useStockReport(options);
  return (
    <Report query={report}>
      {({ low_stock: items, low_stock_count: count }) =>
        items.length === 0 ? (
          <Empty icon="check" title={t("lowStock.none")} />
        ) : (
          <>
            <TextLink to="/stock" search={{ low: true }} size="sm">
              {t("lowStock.all", { count })}
            </TextLink>
            <ul className={classes["list"]}>
              {items.map((item) => (
                <Group component="li" key={item.variant_id} justify="space-between" wrap="nowrap">
                  <div>
                    <Text size="sm" fw={600} lineClamp={2}>
                      {item.title}
                    </Text>
                    <Text size="xs" c="dimmed">
                      {item.sku ?? t("line.noSku")}
                    </Text>
                  </div>
                  <div style={{ textAlign: "right", flexShrink: 0 }}>
                    <Text
                      size="sm"
                      fw={650}
                      style={item.kind === "oversold" ? { color: "var(--mantine-color-error)" } : {}}
                    >
                      {item.kind === "oversold"
                        ? t("lowStock.oversold", { count: -item.available })
                        : t("lowStock.left", { count: item.available })}
                    </Text>
                    <Text size="xs" c="dimmed">
                      {format.ago(item.raised_at)}
                    </Text>
                  </div>
                </Group>
              ))}
            </ul>
          </>
        )
      }
    </Report>
  );
}
