import { Button, Card, Group, Modal, Table, Text } from "@mantine/core";
import { useState } from "react";

import { useWords } from "@/i18n/words";
import { usePlaces } from "@/ui/places";
import { PlainSection } from "@/ui/PlainSection";

import { AdjustForm } from "./AdjustForm";
import { BulkForm } from "./BulkForm";
import { hasOwn } from "./cells";
import { useAdjust } from "./changes";
import { Figure } from "./Figure";
import { None } from "./None";
import { useJob } from "./useJob";
import type { Row } from "./useStockPages";

/** What there is at each place, and ways to change it. */
export function Levels({ row, mayChange }: { row: Row; mayChange: boolean }) {
  const { t } = useWords();
  const { list: places } = usePlaces();
  const adjust = useAdjust();
  const [at, setAt] = useState<number | "any" | null>(null);
  const [isMoving, setMoving] = useState(false);
  const { begin, running } = useJob();
  const may = mayChange && !row.is_bundle;
  const name = row.sku ?? row.title;
  const levels = row.levels.filter((level) => hasOwn(row, level.on_hand) || hasOwn(row, level.committed));
  return (
    <PlainSection
      title={t("levels.title")}
      aside={
        may ? (
          <Group gap="xs">
            {places.length > 1 ? (
              <Button size="xs" variant="default" onClick={() => setMoving(true)}>
                {t("bulk.move")}
              </Button>
            ) : null}
            <Button size="xs" onClick={() => setAt("any")}>
              {t("stock.adjust")}
            </Button>
          </Group>
        ) : null
      }
    >
      <Card withBorder padding={levels.length === 0 ? "md" : 0}>
        {row.is_bundle ? (
          <Text size="sm" p={levels.length === 0 ? 0 : "md"}>
            {t("levels.bundle")}
          </Text>
        ) : null}
        {levels.length === 0 ? (
          row.is_bundle ? null : <None>{t("levels.none")}</None>
        ) : (
          <Table verticalSpacing="xs" aria-label={t("levels.title")}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t("stock.place")}</Table.Th>
                <Table.Th ta="right">{t("stock.onHand")}</Table.Th>
                <Table.Th ta="right">{t("stock.committed")}</Table.Th>
                <Table.Th ta="right">{t("stock.available")}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {levels.map((level) => (
                <Table.Tr key={level.location_id}>
                  <Table.Td>{level.location}</Table.Td>
                  <Table.Td ta="right" data-numeric>
                    {may ? (
                      <Button
                        size="compact-sm"
                        variant="default"
                        aria-label={t("stock.adjust.at", { place: level.location, count: level.on_hand })}
                        aria-haspopup="dialog"
                        onClick={() => setAt(level.location_id)}
                      >
                        <Figure value={level.on_hand} />
                      </Button>
                    ) : (
                      <Figure value={level.on_hand} />
                    )}
                  </Table.Td>
                  <Table.Td ta="right" data-numeric>
                    <Figure value={level.committed} />
                  </Table.Td>
                  <Table.Td ta="right" data-numeric>
                    <Figure value={level.available} strong />
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        )}
      </Card>
      <Modal
        opened={at !== null}
        onClose={() => setAt(null)}
        title={t("stock.adjust.title", { name })}
        size="sm"
        closeButtonProps={{ "aria-label": t("action.close") }}
      >
        <AdjustForm
          of={row}
          places={places}
          {...(typeof at === "number" ? { at } : {})}
          onAdjust={adjust}
          onClose={() => setAt(null)}
        />
      </Modal>
      {isMoving ? (
        <BulkForm
          kind="move"
          rows={[row]}
          places={places}
          onBegin={(job) => {
            setMoving(false);
            begin(job);
          }}
          onClose={() => setMoving(false)}
        />
      ) : null}
      {running}
    </PlainSection>
  );
}
