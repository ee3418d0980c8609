import { Group, Stack } from "@mantine/core";
import { lazy, type ReactNode, Suspense } from "react";

import type { AttentionItem } from "@/features/dashboard/Attention";
import { Overview } from "@/features/dashboard/Overview";
import { type Step, useFirstSteps } from "@/features/first_steps/useFirstSteps";
import { useIsLive } from "@/features/live/Live";
import { withWords } from "@/i18n/catalog";
import { useWords } from "@/i18n/words";
import { ButtonLink, TextLink } from "@/ui/links";
import { useMeQuery } from "@/ui/me";

import { useSwitchTo } from "./switching";
import { useTourStart } from "./tour";

const Beginnings = lazy(() => withWords(import("./Beginnings")));
const FirstSteps = lazy(() => withWords(import("@/features/first_steps/FirstSteps")));

export function OverviewScreen() {
  const { t } = useWords();
  const switchTo = useSwitchTo();
  const who = useMeQuery();
  const me = who.data;
  const beginTour = useTourStart();
  const steps = useFirstSteps(me !== undefined && !me.is_sample);
  const beginnings =
    me === undefined ? null : (
      <Suspense>
        <Beginnings role={me.role} onSample={switchTo} />
      </Suspense>
    );
  const hasSteps = steps.data !== undefined && !steps.data.done && !steps.data.hidden;
  const isUnknown = isFirstTry(who) || isFirstTry(steps);
  return (
    <Overview
      isLive={useIsLive()}
      attentionLink={(item) => <AttentionLink item={item} />}
      firstSteps={
        isUnknown ? undefined : hasSteps && me !== undefined ? (
          <FirstSteps
            found={steps.data}
            role={me.role}
            wayOf={(step) => <Way step={step} beginnings={beginnings} />}
            onTour={beginTour}
          />
        ) : null
      }
      beginnings={
        hasSteps || steps.isPending ? null : (
          <Stack gap="md" align="center">
            {beginnings}
          </Stack>
        )
      }
      ordersOf={(today) => (
        <TextLink to="/orders" search={{ from: today.date }} size="sm">
          {t("overview.seeOrders")}
        </TextLink>
      )}
      lowStockLink={(name) => (
        <TextLink to="/stock" search={{ low: true }} inherit>
          {name}
        </TextLink>
      )}
      oversoldLink={(name) => (
        <TextLink to="/stock" search={{ out: true }} inherit>
          {name}
        </TextLink>
      )}
      shopLink={({ connection_id, name }) => (
        <TextLink to="/connections/$connectionId" params={{ connectionId: String(connection_id) }} inherit>
          {name}
        </TextLink>
      )}
    />
  );
}

/** What fails is not waited for. */
function isFirstTry({ isLoading, failureCount, errorUpdateCount }: ReturnType<typeof useFirstSteps | typeof useMeQuery>) {
  return isLoading && failureCount + errorUpdateCount === 0;
}

function Way({ step, beginnings }: { step: Step; beginnings: ReactNode }) {
  const { t } = useWords();
  const { connection_id } = step;
  const shop = connection_id === null ? {} : { shop: connection_id };
  switch (step.step) {
    case "connect":
      return (
        <Group gap="md" align="flex-start" w="100%">
          {beginnings}
        </Group>
      );
    case "match":
      return (
        <ButtonLink to="/matching" search={shop} variant="default">
          {t("firstSteps.match.go")}
        </ButtonLink>
      );
    case "first_sync":
      return (
        <ButtonLink to="/changes" search={shop} variant="default">
          {t("firstSteps.first_sync.go")}
        </ButtonLink>
      );
    case "switch_on":
      return connection_id === null ? null : (
        <ButtonLink
          to="/connections/$connectionId"
          params={{ connectionId: String(connection_id) }}
          variant="default"
        >
          {t("firstSteps.switch_on.go")}
        </ButtonLink>
      );
  }
}

function AttentionLink({ item }: { item: AttentionItem }) {
  const { t } = useWords();
  const shop = item.connection_id === null ? {} : { shop: item.connection_id };
  const look = { size: "sm", children: t("overview.look") } as const;
  switch (item.kind) {
    case "review":
      return <TextLink to="/changes" search={shop} {...look} />;
    case "refused":
      return <TextLink to="/changes" search={{ ...shop, effect: "refused" }} {...look} />;
    case "brake":
    case "price_brake":
      return <TextLink to="/reviews" {...look} />;
    case "drift_in_review":
      return <TextLink to="/reviews" search={shop} {...look} />;
    case "sync_failed":
      return <TextLink to="/sync" search={{ ...shop, bad: true }} {...look} />;
    case "oversold":
      return <TextLink to="/stock" search={{ out: true }} {...look} />;
    case "fulfillment_failed":
      return <TextLink to="/orders" search={{ state: ["open"] }} {...look} />;
    case "needs_auth":
    case "credentials_expiring":
    case "failing":
    case "webhooks_missed":
      return item.connection_id === null ? null : (
        <TextLink to="/connections/$connectionId" params={{ connectionId: String(item.connection_id) }} {...look} />
      );
    case "prices_changed":
    case "prices_contested":
    case "prices_refused":
      return item.connection_id === null ? null : (
        <TextLink
          to="/connections/$connectionId"
          params={{ connectionId: String(item.connection_id) }}
          search={{ tab: "prices" }}
          {...look}
        />
      );
    default:
      return null;
  }
}
