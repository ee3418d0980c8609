import { getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { useWords } from "@/i18n/words";
import { withoutNothing } from "@/ui/address";
import { Page } from "@/ui/Page";

import { type Brake, Brakes } from "./Brakes";
import { Conflicts } from "./Conflicts";
import type { ReviewFilters } from "./search";

const here = getRouteApi("/inside/reviews");

interface Props {
  /** Where one sees what would be written to a shop. */
  changesOf: (brake: Brake) => ReactNode;
}

/** What only a person can decide: syncs that stopped, and numbers that were changed at a shop. */
export function Reviews({ changesOf }: Props) {
  const { t } = useWords();
  const filters = withoutNothing(here.useSearch());
  const navigate = here.useNavigate();
  return (
    <Page title={t("reviews.title")} lead={t("reviews.lead")}>
      <Brakes changesOf={changesOf} />
      <Conflicts
        filters={filters}
        onChange={(changes) =>
          void navigate({ search: withoutNothing({ ...filters, ...changes }) as ReviewFilters })
        }
      />
    </Page>
  );
}
