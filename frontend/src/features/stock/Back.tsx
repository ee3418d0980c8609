import { Group } from "@mantine/core";

import { useWords } from "@/i18n/words";
import { Icon } from "@/ui/icons";
import { TextLink } from "@/ui/links";

/** From one SKU to all. */
export function Back() {
  const { t } = useWords();
  return (
    <TextLink to="/stock" size="sm">
      <Group gap={4} component="span">
        <Icon name="back" size={14} />
        {t("stock.back")}
      </Group>
    </TextLink>
  );
}
