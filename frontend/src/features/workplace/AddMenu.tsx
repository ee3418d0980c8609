import { Button, Menu } from "@mantine/core";

import { useWords } from "@/i18n/words";
import { Icon } from "@/ui/icons";

import { type Kind, KINDS, MOST_WIDGETS } from "./arrange";

/** What can be put on a dashboard. */
export function AddMenu({ count, onAdd }: { count: number; onAdd: (kind: Kind) => void }) {
  const { t } = useWords();
  return (
    <Menu position="bottom-end" width={280}>
      <Menu.Target>
        <Button variant="light" leftSection={<Icon name="plus" />} disabled={count >= MOST_WIDGETS}>
          {t("arrange.add")}
        </Button>
      </Menu.Target>
      <Menu.Dropdown mah="60vh" style={{ overflowY: "auto" }}>
        {KINDS.map((kind) => (
          <Menu.Item key={kind} onClick={() => onAdd(kind)}>
            {t(`widget.${kind}`)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
