import { ActionIcon, Box, Group, Skeleton, Stack, Table, Text, Tooltip } from "@mantine/core";
import { lazy, type ReactNode, Suspense, useState } from "react";

import { useWords } from "@/i18n/words";
import { Icon } from "@/ui/icons";

import classes from "./Widget.module.css";

const Drawing = lazy(() => import("./Drawing"));

export interface Series {
  name: string;
  /** One for each period; null where there is nothing to say. */
  values: readonly (number | null)[];
  /** Of the app's colours for series; its place in the list if absent. */
  colour?: number;
}

export interface Drawn {
  shape: "line" | "bar";
  periods: readonly string[];
  series: readonly Series[];
  /** A value in words, as in the table. */
  say: (value: number) => string;
  /** The same, short. */
  axis: (value: number) => string;
  stacked?: boolean;
}

interface Props extends Drawn {
  /** What it shows. */
  label: string;
  /** The one figure of it. */
  headline: ReactNode;
  /** Beside the figure. */
  note?: ReactNode;
}

/** A figure, and how it came about: as a drawing or as a table with the same numbers. */
export function Chart({ label, headline, note, ...drawn }: Props) {
  const { t } = useWords();
  const [asTable, setAsTable] = useState(false);
  const other = t(asTable ? "chart.asChart" : "chart.asTable");
  const isEmpty = drawn.series.every(({ values }) => values.every((value) => value === null || value === 0));
  return (
    <Stack gap={4} h="100%" component="figure" m={0} aria-label={label}>
      <Group justify="space-between" wrap="nowrap" align="flex-start" gap="xs">
        <Group gap={8} align="baseline" component="figcaption" style={{ rowGap: 0 }}>
          <Text span fz={22} fw={650} lh={1.25}>
            {headline}
          </Text>
          {note === undefined ? null : (
            <Text span size="sm" c="dimmed">
              {note}
            </Text>
          )}
        </Group>
        {isEmpty ? null : (
          <Tooltip label={other}>
            <ActionIcon variant="subtle" color="gray" aria-label={other} onClick={() => setAsTable(!asTable)}>
              <Icon name={asTable ? "chart" : "table"} />
            </ActionIcon>
          </Tooltip>
        )}
      </Group>
      <Box className={classes["room"]}>
        {isEmpty ? (
          <Text size="sm" c="dimmed">
            {t("chart.nothing")}
          </Text>
        ) : asTable ? (
          <Figures label={label} {...drawn} />
        ) : (
          <Box h="100%" role="img" aria-label={t("chart.described", { label })}>
            <Suspense fallback={<Skeleton height="100%" data-drawing />}>
              <Drawing {...drawn} />
            </Suspense>
          </Box>
        )}
      </Box>
    </Stack>
  );
}

function Figures({ label, periods, series, say }: Drawn & { label: string }) {
  const { t } = useWords();
  return (
    <Box className={classes["scroll"]} tabIndex={0} role="region" aria-label={label}>
      <Table aria-label={label} verticalSpacing={4} stickyHeader>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">{t("chart.period")}</Table.Th>
            {series.map(({ name }) => (
              <Table.Th key={name} scope="col" ta="right">
                {name}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {periods.map((period, index) => (
            <Table.Tr key={period}>
              <Table.Th scope="row" fw={400}>
                {period}
              </Table.Th>
              {series.map(({ name, values }) => {
                const value = values[index] ?? null;
                return (
                  <Table.Td key={name} ta="right" data-numeric>
                    {value === null ? "–" : say(value)}
                  </Table.Td>
                );
              })}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Box>
  );
}
