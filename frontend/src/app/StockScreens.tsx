import { Group } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";

import { Stock } from "@/features/stock/Stock";
import { VariantPage } from "@/features/stock/VariantPage";
import { useWords } from "@/i18n/words";
import { Icon } from "@/ui/icons";
import { ButtonLink, TextLink } from "@/ui/links";
import { useMay } from "@/ui/role";

export function StockScreen() {
  const { t } = useWords();
  const navigate = useNavigate();
  const mayMake = useMay("staff") ?? false;
  const bringIn = (
    <>
      {mayMake ? (
        <ButtonLink to="/stock/new" leftSection={<Icon name="plus" />}>
          {t("stock.new")}
        </ButtonLink>
      ) : null}
      <ButtonLink to="/imports" variant="default" leftSection={<Icon name="upload" />}>
        {t("imports.open")}
      </ButtonLink>
    </>
  );
  return (
    <Stock
      actions={bringIn}
      firstSteps={<Group gap="sm">{bringIn}</Group>}
      onReview={(variant) => void navigate({ to: "/reviews", search: { variant } })}
    />
  );
}

export function VariantScreen() {
  return (
    <VariantPage
      orderLink={(orderId, text) => (
        <TextLink to="/orders/$orderId" params={{ orderId: String(orderId) }} size="xs" underline="always">
          {text}
        </TextLink>
      )}
      reviewLink={(variant, text) => (
        <TextLink to="/reviews" search={{ variant }} size="xs" underline="always">
          {text}
        </TextLink>
      )}
    />
  );
}
