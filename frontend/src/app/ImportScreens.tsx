import { Group } from "@mantine/core";

import { ImportPage } from "@/features/imports/ImportPage";
import { Imports } from "@/features/imports/Imports";
import { useWords } from "@/i18n/words";
import { Icon } from "@/ui/icons";
import { TextLink } from "@/ui/links";

export function ImportsScreen() {
  const { t } = useWords();
  const back = (
    <TextLink to="/stock" size="sm">
      <Group gap={4} component="span">
        <Icon name="back" size={14} />
        {t("stock.title")}
      </Group>
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
