import { Stock } from "@/features/stock/Stock";
import { VariantPage } from "@/features/stock/VariantPage";
import { useWords } from "@/i18n/words";
import { Icon } from "@/ui/icons";
import { ButtonLink, TextLink } from "@/ui/links";

export function StockScreen() {
  const { t } = useWords();
  const bringIn = (
    <ButtonLink to="/imports" variant="default" leftSection={<Icon name="upload" />}>
      {t("imports.open")}
    </ButtonLink>
  );
  return <Stock actions={bringIn} firstSteps={bringIn} />;
}

export function VariantScreen() {
  return (
    <VariantPage
      orderLink={(orderId, text) => (
        <TextLink to="/orders/$orderId" params={{ orderId: String(orderId) }} size="xs">
          {text}
        </TextLink>
      )}
    />
  );
}
