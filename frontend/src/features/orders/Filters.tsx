import { Button, Checkbox, Collapse, Group, MultiSelect, SimpleGrid } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";

import { useWords } from "@/i18n/words";
import { Dates } from "@/ui/Dates";
import { Icon } from "@/ui/icons";
import { Search } from "@/ui/Search";
import { ShopSelect } from "@/ui/ShopSelect";

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
          <ShopSelect shops={shops} value={filters.shop} onChange={(shop) => onChange({ shop } as Partial<OrderFilters>)} all />
          <Dates from={filters.from} to={filters.to} onChange={onChange} />
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
