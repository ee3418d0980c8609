import { Select } from "@mantine/core";

import { useWords } from "@/i18n/words";

interface Props {
  shops: ReadonlyMap<number, string>;
  value: number | undefined;
  onChange: (shop: number | undefined) => void;
  /** Whether it may be none of them, which means all. */
  all?: boolean;
}

export function ShopSelect({ shops, value, onChange, all = false }: Props) {
  const { t } = useWords();
  return (
    <Select
      label={t("shop.which")}
      {...(all ? { placeholder: t("shop.all") } : {})}
      data={[...shops].map(([id, name]) => ({ value: String(id), label: name }))}
      value={value === undefined ? null : String(value)}
      onChange={(id) => onChange(id === null ? undefined : Number(id))}
      clearable={all}
      allowDeselect={all}
      clearButtonProps={{ "aria-label": t("shop.all") }}
      maw={320}
    />
  );
}
