import { Button, Checkbox, Collapse, Group, MultiSelect, Select, SimpleGrid, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";

import { useWords } from "@/i18n/words";
import { Icon } from "@/ui/icons";
import { Search } from "@/ui/Search";

import { countOf, type OrderFilters, PAYMENTS, STATES } from "./filters";

interface Props {
  filters: OrderFilters;
  shops: ReadonlyMap<number, string>;
  onChange: (changes: Partial<OrderFilters>) => void;
}

export function Filters({ filters, shops, onChange }: Props) {
  const { t } = useWords();
  const set = countOf(filters);
  const [opened, { toggle }] = useDisclosure(set > 0);
  return (
    <div role="search" aria-label={t("filters.label")}>
      <Group gap="sm" align="flex-end" mb={opened ? "sm" : 0}>
        <Search value={filters.q ?? ""} hint={t("filters.search.hint")} onChange={(q) => onChange({ q })} />
        <Button
          variant="default"
          leftSection={<Icon name="filter" />}
          aria-expanded={opened}
          aria-controls="order-filters"
          onClick={toggle}
        >
          {set === 0 ? t("filters.show") : t("filters.set", { count: set })}
        </Button>
      </Group>
      <Collapse expanded={opened} id="order-filters">
        <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing="sm">
          <MultiSelect
            label={t("order.state")}
            placeholder={filters.state ? "" : t("filters.any")}
            data={STATES.map((value) => ({ value, label: t(`order.state.${value}`) }))}
            value={filters.state ?? []}
            onChange={(state) => onChange({ state })}
            clearable
          />
          <MultiSelect
            label={t("order.payment")}
            placeholder={filters.payment ? "" : t("filters.any")}
            data={PAYMENTS.map((value) => ({ value, label: t(`order.payment.${value}`) }))}
            value={filters.payment ?? []}
            onChange={(payment) => onChange({ payment })}
            clearable
          />
          <Select
            label={t("order.shop")}
            placeholder={t("filters.any")}
            data={[...shops].map(([id, name]) => ({ value: String(id), label: name }))}
            value={filters.shop === undefined ? null : String(filters.shop)}
            onChange={(shop) => onChange({ shop: shop === null ? undefined : Number(shop) } as Partial<OrderFilters>)}
            clearable
          />
          <TextInput
            type="date"
            label={t("filters.from")}
            value={filters.from ?? ""}
            max={filters.to}
            onChange={(event) => onChange({ from: event.currentTarget.value })}
          />
          <TextInput
            type="date"
            label={t("filters.to")}
            value={filters.to ?? ""}
            min={filters.from}
            onChange={(event) => onChange({ to: event.currentTarget.value })}
          />
          <Checkbox
            label={t("filters.review")}
            checked={filters.review ?? false}
            onChange={(event) =>
              onChange({ review: event.currentTarget.checked || undefined } as Partial<OrderFilters>)
            }
            style={{ alignSelf: "end" }}
            pb={8}
          />
        </SimpleGrid>
      </Collapse>
    </div>
  );
}
