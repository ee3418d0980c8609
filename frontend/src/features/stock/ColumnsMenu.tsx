import { Button, Checkbox, Popover, ScrollArea, Stack } from "@mantine/core";

import { useWords } from "@/i18n/words";
import { Icon } from "@/ui/icons";

import type { StockColumn } from "./columns";

interface Props {
  all: readonly StockColumn[];
  shown: readonly StockColumn[];
  /** Null for the usual ones. */
  onChoose: (ids: readonly string[] | null) => void;
}

/** Which columns are shown, beside SKU and name. */
export function ColumnsMenu({ all, shown, onChoose }: Props) {
  const { t } = useWords();
  return (
    <Popover position="bottom-end" shadow="md" trapFocus returnFocus>
      <Popover.Target>
        <Button variant="default" leftSection={<Icon name="columns" />} visibleFrom="sm">
          {t("stock.columns")}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={t("stock.columns")}>
        <Stack gap="sm">
          <ScrollArea.Autosize mah={360} type="auto">
            <Checkbox.Group value={shown.map(({ id }) => id)} onChange={onChoose}>
              <Stack gap="xs">
                {all.map(({ id, name }) => (
                  <Checkbox key={id} value={id} label={name} />
                ))}
              </Stack>
            </Checkbox.Group>
          </ScrollArea.Autosize>
          <Button size="xs" variant="default" onClick={() => onChoose(null)}>
            {t("stock.columns.usual")}
          </Button>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
