import type { Schemas } from "@/api/client";
import { useWords } from "@/i18n/words";
import { Told } from "@/ui/Told";

const COLOURS = { active: "green", paused: "gray", disabled: "red" } as const;

export function StateBadge({ hook }: { hook: Schemas["Subscription"] }) {
  const { t } = useWords();
  if (hook.state === "active" && hook.failing_since !== null) {
    return <Told colour="yellow">{t("hooks.failing")}</Told>;
  }
  return <Told colour={COLOURS[hook.state]}>{t(`hooks.state.${hook.state}`)}</Told>;
}

const DELIVERIES = { pending: "gray", delivered: "green", dead: "red" } as const;

export function DeliveryBadge({ state }: { state: Schemas["Delivery"]["state"] }) {
  const { t } = useWords();
  return (
    <Told colour={DELIVERIES[state]}>
      {t(`delivery.${state}`)}
    </Told>
  );
}
