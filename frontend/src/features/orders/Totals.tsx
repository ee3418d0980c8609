import { Card, Group, Skeleton, Text } from "@mantine/core";

import { api } from "@/api/client";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { Failed } from "@/ui/states";

import type { OrderQuery } from "./filters";

interface Props {
  query: OrderQuery;
  /** Whether the list is there, or asked for: where it failed, that says what is wrong, and these are asked for again
   *  once it is there. */
  isListed: boolean;
}

/** How many orders the filters find, and what they come to in each currency. */
export function Totals({ query, isListed }: Props) {
  const { t } = useWords();
  const format = useFormat();
  const totals = api.useQuery(
    "get",
    "/api/v1/orders/totals",
    { params: { query } },
    { placeholderData: (before) => before, enabled: isListed },
  );
  if (totals.isError) {
    return isListed ? <Failed error={totals.error} retry={() => void totals.refetch()} retrying={totals.isFetching} /> : null;
  }
  const found = totals.data;
  return (
    <Card withBorder padding="sm" aria-live="polite" aria-busy={totals.isFetching} aria-label={t("totals.label")}>
      {found === undefined ? (
        <Skeleton height={20} width={240} />
      ) : (
        <Group gap="lg">
          <Text size="sm" fw={600}>
            {t(found.at_least ? "totals.atLeast" : "totals.orders", { count: found.count })}
          </Text>
          {found.revenue.map((sum) => (
            <Text key={sum.currency} size="sm">
              <Text span fw={600} inherit>
                {format.money(sum.total_minor, sum.currency)}
              </Text>
              {sum.refunded_minor === 0 ? null : (
                <Text span c="dimmed" inherit>
                  {" "}
                  {t("totals.refunded", { amount: format.money(sum.refunded_minor, sum.currency) })}
                </Text>
              )}
            </Text>
          ))}
        </Group>
      )}
    </Card>
  );
}
