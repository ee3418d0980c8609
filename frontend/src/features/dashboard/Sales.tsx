import { Card, SimpleGrid, Text } from "@mantine/core";
import type { ReactNode } from "react";

import type { Schemas } from "@/api/client";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";

/** What was sold on a day: a figure for each currency, and one for all where there are rates. */
export function Sales({ today, framed = true }: { today: Schemas["Today"]; framed?: boolean }) {
  const { t } = useWords();
  const format = useFormat();
  const { totals, converted } = today;
  if (totals.length === 0) {
    const nothing = <Text c="dimmed">{t("overview.noSales")}</Text>;
    return framed ? <Card withBorder>{nothing}</Card> : nothing;
  }
  const all = converted !== null && totals.length > 1 ? [...totals, converted] : totals;
  return (
    <SimpleGrid cols={{ base: 1, xs: all.length > 1 ? 2 : 1 }}>
      {all.map((total, index) => (
        <Figure
          key={`${total.currency}-${index}`}
          framed={framed}
          label={
            total === converted
              ? t("overview.converted", { currency: total.currency })
              : t("overview.revenue", { currency: total.currency })
          }
          value={format.money(total.net_minor, total.currency)}
        >
          {t("overview.orders", { count: total.orders })}
          {total.average_minor === null
            ? null
            : ` · ${t("overview.average", { amount: format.money(total.average_minor, total.currency) })}`}
          {total.refunded_minor === 0
            ? null
            : ` · ${t("overview.refunded", { amount: format.money(total.refunded_minor, total.currency) })}`}
          {total === converted && converted.without_rate.length > 0
            ? ` · ${t("overview.withoutRate", { currencies: converted.without_rate.join(", ") })}`
            : null}
        </Figure>
      ))}
    </SimpleGrid>
  );
}

interface FigureProps {
  label: ReactNode;
  value: string;
  children: ReactNode;
  /** Whether it has a card of its own. */
  framed?: boolean;
}

export function Figure({ label, value, children, framed = true }: FigureProps) {
  const content = (
    <>
      <Text size="sm" c="dimmed">
        {label}
      </Text>
      <Text fz={28} fw={650} lh={1.3}>
        {value}
      </Text>
      <Text size="sm" c="dimmed">
        {children}
      </Text>
    </>
  );
  return framed ? <Card withBorder>{content}</Card> : <div>{content}</div>;
}
