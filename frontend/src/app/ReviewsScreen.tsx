import { Reviews } from "@/features/reviews/Reviews";
import { useWords } from "@/i18n/words";
import { TextLink } from "@/ui/links";

export function ReviewsScreen() {
  const { t } = useWords();
  return (
    <Reviews
      changesOf={({ kind, connection_id: shop }) =>
        kind === "stock" ? (
          <TextLink to="/changes" search={{ shop }} size="sm">
            {t("brakes.look")}
          </TextLink>
        ) : (
          <TextLink
            to="/connections/$connectionId"
            params={{ connectionId: String(shop) }}
            search={{ tab: "prices" }}
            size="sm"
          >
            {t("brakes.look")}
          </TextLink>
        )
      }
    />
  );
}
