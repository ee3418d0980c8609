import { Button, Checkbox, Collapse, Group, Select, SimpleGrid } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import type { ReactNode } from "react";

import { useWords } from "@/i18n/words";
import { Icon } from "@/ui/icons";
import { Search } from "@/ui/Search";

import type { Place } from "./columns";
import { countOf, type StockFilters } from "./filters";

interface Props {
  filters: StockFilters;
  shops: readonly Place[];
  places: readonly Place[];
  onChange: (changes: Partial<StockFilters>) => void;
  /** Beside the search. */
  children: ReactNode;
}

export function Filters({ filters, shops, places, onChange, children }: Props) {
  const { t } = useWords();
  const set = countOf(filters);
  const [opened, { toggle }] = useDisclosure(set > 0);
  const yesOrNo = (yes: string, no: string) => [
    { value: "yes", label: yes },
    { value: "no", label: no },
  ];
  const put = (name: "listed" | "bundles" | "archived") => (value: string | null) =>
    onChange({ [name]: value ?? undefined });
  return (
    <div role="search" aria-label={t("stock.find")}>
      <Group gap="sm" align="flex-end" mb={opened ? "sm" : 0}>
        <Search value={filters.q ?? ""} hint={t("stock.search.hint")} onChange={(q) => onChange({ q })} />
        <Button
          variant="default"
          leftSection={<Icon name="filter" />}
          aria-expanded={opened}
          aria-controls="stock-filters"
          onClick={toggle}
        >
          {set === 0 ? t("filters.show") : t("filters.set", { count: set })}
        </Button>
        {children}
      </Group>
      <Collapse expanded={opened} id="stock-filters">
        <SimpleGrid cols={{ base: 1, sm: 2, lg: 5 }} spacing="sm">
          <Select
            label={t("order.shop")}
            placeholder={t("filters.any")}
            data={shops.map(({ id, name }) => ({ value: String(id), label: name }))}
            value={filters.shop === undefined ? null : String(filters.shop)}
            onChange={(shop) => onChange({ shop: shop === null ? undefined : Number(shop) } as Partial<StockFilters>)}
            clearable
          />
          <Select
            label={t("stock.filter.listed")}
            placeholder={t("filters.any")}
            data={yesOrNo(t("stock.filter.listed.yes"), t("stock.filter.listed.no"))}
            value={filters.listed ?? null}
            onChange={put("listed")}
            clearable
          />
          <Select
            label={t("stock.filter.bundles")}
            placeholder={t("filters.any")}
            data={yesOrNo(t("stock.filter.bundles.yes"), t("stock.filter.bundles.no"))}
            value={filters.bundles ?? null}
            onChange={put("bundles")}
            clearable
          />
          <Select
            label={t("stock.filter.archived")}
            placeholder={t("stock.filter.archived.no")}
            data={[
              { value: "yes", label: t("stock.filter.archived.yes") },
              { value: "any", label: t("stock.filter.archived.any") },
            ]}
            value={filters.archived ?? null}
            onChange={put("archived")}
            clearable
          />
          {places.length > 1 || filters.place !== undefined ? (
            <Select
              label={t("stock.place")}
              placeholder={t("filters.any")}
              data={places.map(({ id, name }) => ({ value: String(id), label: name }))}
              value={filters.place === undefined ? null : String(filters.place)}
              onChange={(place) =>
                onChange({ place: place === null ? undefined : Number(place) } as Partial<StockFilters>)
              }
              clearable
            />
          ) : null}
        </SimpleGrid>
        <Group gap="lg" mt="sm">
          {(["low", "out", "differs"] as const).map((name) => (
            <Checkbox
              key={name}
              label={t(`stock.filter.${name}`)}
              checked={filters[name] ?? false}
              onChange={(event) =>
                onChange({ [name]: event.currentTarget.checked || undefined } as Partial<StockFilters>)
              }
            />
          ))}
        </Group>
      </Collapse>
    </div>
  );
}
