import { List, Text } from "@mantine/core";

import { useWords } from "@/i18n/words";
import { Confirm } from "@/ui/Confirm";
import type { ConnectedShop } from "@/ui/shops";

import { isSure, type Suggestion } from "./evidence";

interface Props {
  opened: boolean;
  shop: ConnectedShop;
  rows: readonly Suggestion[];
  chosenOf: (row: Suggestion) => number | null;
  onConfirm: () => void;
  onClose: () => void;
}

/** What linking all that is ticked means, in figures. */
export function AskToLink({ opened, shop, rows, chosenOf, onConfirm, onClose }: Props) {
  const { t } = useWords();
  const chosen = rows.map((row) => row.candidates.find((each) => each.variant_id === chosenOf(row)));
  const counted = chosen.filter((candidate) => candidate !== undefined && candidate.available !== null).length;
  const double = chosen.filter((candidate) => candidate?.listed_here).length;
  const unsure = rows.filter((row) => !isSure(row)).length;
  return (
    <Confirm
      opened={opened}
      title={t("matching.ask", { count: rows.length })}
      action={t("matching.ask.do", { count: rows.length })}
      onConfirm={onConfirm}
      onClose={onClose}
    >
      <Text size="sm">
        {shop.state === "review" ? t("matching.ask.review") : t("matching.ask.active", { count: counted })}
      </Text>
      <List size="sm">
        <List.Item>{t("matching.ask.sure", { count: rows.length - unsure })}</List.Item>
        {unsure === 0 ? null : <List.Item>{t("matching.ask.unsure", { count: unsure })}</List.Item>}
        {double === 0 ? null : <List.Item>{t("matching.ask.double", { count: double })}</List.Item>}
      </List>
    </Confirm>
  );
}
