import { useNavigate } from "@tanstack/react-router";

import { Overview } from "@/features/dashboard/Overview";
import { useIsLive } from "@/features/live/Live";
import { LookAround } from "@/features/sample_data/LookAround";
import { useWords } from "@/i18n/words";
import { TextLink } from "@/ui/links";

import { useMe } from "./me";
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
      firstSteps={me === undefined ? null : <LookAround role={me.role} onThere={() => void there()} />}
      ordersOf={(today) => (
        <TextLink to="/orders" search={{ from: today.date }} size="sm">
          {t("overview.seeOrders")}
        </TextLink>
      )}
    />
  );
}
