import { ConnectionPage } from "@/features/connections/ConnectionPage";
import { OurLocations } from "@/features/locations/OurLocations";
import { useWords } from "@/i18n/words";
import { ButtonLink, TextLink } from "@/ui/links";

export function ConnectionScreen() {
  const { t } = useWords();
  return (
    <ConnectionPage
      firstSync={(shop) => (
        <ButtonLink to="/changes" search={{ shop }} size="xs">
          {t("firstSync.look")}
        </ButtonLink>
      )}
      matching={(shop) => (
        <TextLink to="/matching" search={{ shop }} size="sm" underline="always">
          {t("health.linked.match")}
        </TextLink>
      )}
      ourLocations={<OurLocations />}
    />
  );
}
