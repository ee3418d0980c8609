import { Stack } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";

import type { AttentionItem } from "@/features/dashboard/Attention";
import { Overview } from "@/features/dashboard/Overview";
import { useIsLive } from "@/features/live/Live";
import { LookAround } from "@/features/sample_data/LookAround";
import { useWords } from "@/i18n/words";
import { ButtonLink, TextLink } from "@/ui/links";
import { useMe } from "@/ui/me";

import { useSwitched } from "./switching";

export function OverviewScreen() {
  const { t } = useWords();
  const navigate = useNavigate();
  const me = useMe();
  const switched = useSwitched();
  const there = async () => {
    await switched();
    await navigate({ to: "/overview" });
  };
  return (
    <Overview
      isLive={useIsLive()}
      attentionLink={(item) => <AttentionLink item={item} />}
      firstSteps={
        me === undefined ? null : (
          <Stack gap="md" align="center">
            {me.role === "owner" || me.role === "admin" ? (
              <ButtonLink to="/connections/new">{t("connections.connect")}</ButtonLink>
            ) : null}
            <LookAround role={me.role} onThere={() => void there()} />
          </Stack>
        )
      }
      ordersOf={(today) => (
        <TextLink to="/orders" search={{ from: today.date }} size="sm">
          {t("overview.seeOrders")}
        </TextLink>
      )}
    />
  );
}

function AttentionLink({ item }: { item: AttentionItem }) {
  const { t } = useWords();
  const shop = item.connection_id === null ? {} : { shop: item.connection_id };
  const look = { size: "sm", children: t("overview.look") } as const;
  switch (item.kind) {
    case "review":
      return <TextLink to="/changes" search={shop} {...look} />;
    case "refused":
      return <TextLink to="/changes" search={{ ...shop, effect: "held" }} {...look} />;
    case "brake":
    case "price_brake":
      return <TextLink to="/reviews" {...look} />;
    case "drift_in_review":
      return <TextLink to="/reviews" search={shop} {...look} />;
    case "sync_failed":
      return <TextLink to="/sync" search={{ ...shop, bad: true }} {...look} />;
    case "needs_auth":
    case "credentials_expiring":
    case "failing":
    case "webhooks_missed":
      return item.connection_id === null ? null : (
        <TextLink to="/connections/$connectionId" params={{ connectionId: String(item.connection_id) }} {...look} />
      );
    default:
      return null;
  }
}
