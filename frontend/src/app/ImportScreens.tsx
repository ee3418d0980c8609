import { ImportPage } from "@/features/imports/ImportPage";
import { Imports } from "@/features/imports/Imports";
import { useWords } from "@/i18n/words";
import { TextLink } from "@/ui/links";

export function ImportsScreen() {
  const { t } = useWords();
  const back = (
    <TextLink to="/stock" size="sm">
      {t("stock.title")}
    </TextLink>
  );
  return <Imports back={back} />;
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
