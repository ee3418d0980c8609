import "@mantine/charts/styles.css";

import { LineChart } from "@mantine/charts";
import { Card, SegmentedControl, Stack, Text, VisuallyHidden } from "@mantine/core";
import { useState } from "react";

import { api, type Schemas } from "@/api/client";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { dayOf, daysAfter, useTimeZone } from "@/ui/days";
import { Room } from "@/ui/Room";
import { Failed, Loading } from "@/ui/states";

import { None } from "./None";

const DAYS = [30, 90, 365] as const;
const HEIGHT = 220;

type History = Schemas["StockHistory"];

/** What there was at the end of each day; the last one is today. */
export default function Chart({ variantId }: { variantId: number }) {
  const { t } = useWords();
  const [days, setDays] = useState<number>(DAYS[0]);
  const [now] = useState(() => Date.now());
  const { timeZone, isKnown } = useTimeZone();
  const first = daysAfter(dayOf(now, timeZone), 1 - days);
  const history = api.useQuery(
    "get",
    "/api/v1/stock/{variant_id}/history",
    { params: { path: { variant_id: variantId }, query: { first } } },
    { placeholderData: (before) => before, enabled: isKnown },
  );
  return (
    <Card withBorder>
      <Stack gap="sm">
        <SegmentedControl
          size="xs"
          aria-label={t("chart.span")}
          value={String(days)}
          onChange={(value) => setDays(Number(value))}
          data={DAYS.map((count) => ({ value: String(count), label: t("chart.days", { count }) }))}
          style={{ alignSelf: "flex-start" }}
        />
        {history.isPending ? <Loading /> : null}
        {history.isError ? (
          <Failed error={history.error} retry={() => void history.refetch()} retrying={history.isFetching} />
        ) : null}
        {history.data === undefined ? null : <Drawn history={history.data} />}
      </Stack>
    </Card>
  );
}

function Drawn({ history }: { history: History }) {
  const { t } = useWords();
  const format = useFormat();
  const points = pointsOf(history);
  const known = points.filter((point) => point.available !== null);
  const [oldest, newest] = [known[0], known.at(-1)];
  if (oldest === undefined || newest === undefined) {
    return <None>{t("chart.none")}</None>;
  }
  const day = (at: string) => format.moment(at, { day: "numeric", month: "short", timeZone: history.time_zone });
  const data = points.map((point) => ({ ...point, day: day(point.at) }));
  return (
    <>
      <Room height={HEIGHT}>
        <LineChart
          h="100%"
          data={data}
          dataKey="day"
          curveType="stepAfter"
          // Of one day there is no line.
          withDots={known.length < 2}
          withLegend
          strokeWidth={2}
          series={[
            { name: "onHand", label: t("stock.onHand"), color: "var(--app-grey)" },
            { name: "available", label: t("stock.available"), color: "var(--mantine-color-indigo-5)" },
          ]}
          valueFormatter={(value) => format.number(value)}
          lineChartProps={{ accessibilityLayer: false }}
          aria-hidden="true"
        />
      </Room>
      <VisuallyHidden>
        <Text>
          {t("chart.summary", {
            first: day(oldest.at),
            from: format.number(oldest.available ?? 0),
            to: format.number(newest.available ?? 0),
            least: format.number(Math.min(...known.map((point) => point.available ?? 0))),
            most: format.number(Math.max(...known.map((point) => point.available ?? 0))),
          })}
        </Text>
      </VisuallyHidden>
    </>
  );
}

interface Point {
  at: string;
  onHand: number | null;
  available: number | null;
}

/** Over all places. A day is known where one of them is: the others had none yet. */
export function pointsOf({ levels, periods }: Pick<History, "levels" | "periods">): Point[] {
  const days = Math.max(0, ...levels.map((level) => level.points.length));
  return periods.slice(0, days).map((period, day) => {
    const known = levels.map((level) => level.points[day] ?? null).filter((point) => point !== null);
    const sum = (name: "on_hand" | "available") =>
      known.length === 0 ? null : known.reduce((total, point) => total + point[name], 0);
    return { at: period.start, onHand: sum("on_hand"), available: sum("available") };
  });
}
