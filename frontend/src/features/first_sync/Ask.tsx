import { List, Text } from "@mantine/core";

import type { Schemas } from "@/api/client";
import { useWords } from "@/i18n/words";
import { Confirm } from "@/ui/Confirm";
import type { ConnectedShop } from "@/ui/shops";

import type { Source } from "./search";

interface Props {
  opened: boolean;
  shop: ConnectedShop;
  source: Source;
  totals: Schemas["FirstSyncTotals"];
  busy: boolean;
  onConfirm: () => void;
  onClose: () => void;
}

/** What beginning to sync changes, in figures, before it is agreed to. */
export function Ask({ opened, shop, source, totals, busy, onConfirm, onClose }: Props) {
  const { t } = useWords();
  const written = totals.raised + totals.lowered + totals.to_zero;
  const moved = totals.stock_raised + totals.stock_lowered;
  return (
    <Confirm
      opened={opened}
      title={t("firstSync.ask", { shop: shop.name })}
      action={t("firstSync.ask.do")}
      danger={totals.to_zero > 0}
      busy={busy}
      onConfirm={onConfirm}
      onClose={onClose}
    >
      <Text size="sm">{t(`firstSync.source.${source}.hint`)}</Text>
      {written === 0 && moved === 0 && totals.followers.length === 0 ? null : (
        <List size="sm">
          {totals.raised === 0 ? null : <List.Item>{t("firstSync.ask.raised", { count: totals.raised })}</List.Item>}
          {totals.lowered === 0 ? null : <List.Item>{t("firstSync.ask.lowered", { count: totals.lowered })}</List.Item>}
          {totals.to_zero === 0 ? null : (
            <List.Item fw={700}>{t("firstSync.ask.zero", { count: totals.to_zero })}</List.Item>
          )}
          {moved === 0 ? null : (
            <List.Item>
              {t("firstSync.stock.moved", { count: moved, added: totals.units_added, taken: totals.units_taken })}
            </List.Item>
          )}
          {totals.followers.map((each) => (
            <List.Item key={each.connection_id}>
              {t("firstSync.others.follow", { shop: each.connection_name, count: each.numbers })}
            </List.Item>
          ))}
        </List>
      )}
      {totals.at_least ? <Text size="sm">{t("changes.atLeast")}</Text> : null}
      <Text size="sm" c="dimmed">
        {written === 0 && moved === 0
          ? t("firstSync.ask.nothing")
          : moved === 0
            ? t("firstSync.ask.written")
            : t("firstSync.ask.undo")}
      </Text>
    </Confirm>
  );
}
