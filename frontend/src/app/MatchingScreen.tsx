import { Matching } from "@/features/listings/Matching";
import { useWords } from "@/i18n/words";
import { ButtonLink } from "@/ui/links";

export function MatchingScreen() {
  const { t } = useWords();
  return (
    <Matching
      next={(shop) => (
        <ButtonLink to="/changes" search={{ shop: shop.id }} variant="default">
          {t(shop.state === "review" ? "matching.toFirstSync" : "matching.toChanges")}
        </ButtonLink>
      )}
    />
  );
}
