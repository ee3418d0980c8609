import { Group } from "@mantine/core";

import type { Schemas } from "@/api/client";
import { useWords } from "@/i18n/words";
import { Told } from "@/ui/Told";

type Order = Pick<Schemas["Order"], "state" | "payment" | "is_test" | "review_reason">;

const OF_STATE = { open: "indigo", fulfilled: "green", cancelled: "gray", trashed: "gray" } as const;
const GOOD = new Set(["paid", "authorized"]);
const BAD = new Set(["voided", "failed"]);

export function StateBadge({ state }: Pick<Order, "state">) {
  const { t } = useWords();
  return <Told colour={OF_STATE[state]}>{t(`order.state.${state}`)}</Told>;
}

export function PaymentBadge({ payment }: Pick<Order, "payment">) {
  const { t } = useWords();
  const colour = GOOD.has(payment) ? "green" : BAD.has(payment) ? "red" : "yellow";
  return <Told colour={colour}>{t(`order.payment.${payment}`)}</Told>;
}

/** What a person should know before they look any closer. */
export function Marks({ order }: { order: Order }) {
  const { t } = useWords();
  return (
    <Group gap={4} component="span">
      {order.is_test ? <Told colour="gray">{t("order.test")}</Told> : null}
      {order.review_reason === null ? null : <Told colour="red">{t("order.review")}</Told>}
    </Group>
  );
}
