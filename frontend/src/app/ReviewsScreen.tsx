import { Reviews } from "@/features/reviews/Reviews";
import { useWords } from "@/i18n/words";
import { TextLink } from "@/ui/links";

export function ReviewsScreen() {
  const { t } = useWords();
  return (
    <Reviews
      changesOf={(shopId) => (
        <TextLink to="/changes" search={{ shop: shopId }} size="sm">
          {t("brakes.look")}
        </TextLink>
      )}
    />
  );
}
