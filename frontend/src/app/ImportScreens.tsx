import { ImportPage } from "@/features/imports/ImportPage";
import { Imports } from "@/features/imports/Imports";
import { useWords } from "@/i18n/words";
import { BackLink, TextLink } from "@/ui/links";

export function ImportsScreen() {
  const { t } = useWords();
  return <Imports back={<BackLink to="/stock">{t("stock.title")}</BackLink>} />;
}

export function ImportScreen() {
  const { t } = useWords();
  const done = (
    <TextLink to="/stock" size="sm">
      {t("imports.seeStock")}
    </TextLink>
  );
  return <ImportPage done={done} />;
}
