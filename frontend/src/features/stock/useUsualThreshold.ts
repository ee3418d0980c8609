import { api } from "@/api/client";
import { useWords } from "@/i18n/words";

/** What is said where a SKU has no threshold of its own: the account's. Empty until that is known. */
export function useUsualThreshold(): string {
  const { t } = useWords();
  const usual = api.useQuery("get", "/api/v1/account", {}, { staleTime: 60_000 }).data?.low_stock_threshold;
  return usual === undefined ? "" : t("stock.threshold.usual", { count: usual });
}
