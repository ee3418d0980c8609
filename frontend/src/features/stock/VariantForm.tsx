import { Button, Card, Group, SimpleGrid, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";

import { type ApiProblem, problemOf } from "@/api/problem";
import { useWords } from "@/i18n/words";
import { amountIn } from "@/ui/amounts";
import { useTyped } from "@/ui/editing";
import { LeaveGuard } from "@/ui/LeaveGuard";
import { NumberField } from "@/ui/NumberField";
import { useFieldErrors } from "@/ui/problems";
import { Failed } from "@/ui/states";

import { changesOf, FAULTS, faultsOf, type Fields, HIGHEST_THRESHOLD, LONGEST, NAMES } from "./fields";
import { useUsualThreshold } from "./useUsualThreshold";

/** An amount is one of its currency. */
const MONEY = ["currency", "price", "cost"] as const;

interface Props {
  title: string;
  /** What it is about. */
  lead?: string;
  /** As it is before; what is typed stays where that is another. */
  before: Fields;
  /** What the button says that saves. */
  go: string;
  busy: boolean;
  error: unknown;
  /** Throws what went wrong. */
  onSave: (fields: Fields) => Promise<unknown>;
  onCancel: () => void;
}

/** What is said of a SKU. */
export function VariantForm({ title, lead, before, go, busy, error, onSave, onCancel }: Props) {
  const { t } = useWords();
  const said = useFieldErrors();
  const usualThreshold = useUsualThreshold();
  const form = useForm<Fields>({
    initialValues: before,
    validate: (fields) => Object.fromEntries(faultsOf(fields, before).map((name) => [name, t(FAULTS[name])])),
    validateInputOnBlur: true,
  });
  useTyped(form, before, MONEY);
  const isChanged = Object.keys(changesOf(form.values, before)).length > 0;
  const save = (fields: Fields) =>
    onSave(fields).catch((thrown: unknown) => {
      const problem = problemOf(thrown);
      namedBy(problem).forEach((name) =>
        form.setFieldError(name, problem.code === "sku_taken" ? t("problem.sku_taken") : said(problem, NAMES[name])[NAMES[name]]),
      );
    });
  const text = (name: keyof typeof LONGEST) => ({
    maxLength: LONGEST[name],
    autoComplete: "off",
    readOnly: busy,
    ...form.getInputProps(name),
  });
  const amount = { ...amountIn(form.values.currency), readOnly: busy };
  return (
    <Card withBorder padding="md" component="section" aria-label={title}>
      <form onSubmit={form.onSubmit((fields) => void save(fields))} noValidate>
        <Stack gap="md">
          {lead === undefined ? null : (
            <Text size="sm" c="dimmed" maw={720}>
              {lead}
            </Text>
          )}
          <TextInput label={t("stock.name")} autoFocus {...text("title")} />
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            <TextInput label={t("stock.sku")} spellCheck={false} {...text("sku")} />
            <TextInput label={t("stock.barcode")} spellCheck={false} {...text("barcode")} />
          </SimpleGrid>
          <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }}>
            <NumberField label={t("stock.price")} {...amount} {...form.getInputProps("price")} />
            <NumberField label={t("stock.cost")} {...amount} {...form.getInputProps("cost")} />
            <TextInput
              label={t("imports.currency")}
              placeholder="EUR"
              {...text("currency")}
              onChange={(event) => form.setFieldValue("currency", event.currentTarget.value.toUpperCase())}
            />
            <NumberField
              label={t("stock.threshold")}
              placeholder={usualThreshold}
              min={0}
              max={HIGHEST_THRESHOLD}
              readOnly={busy}
              {...form.getInputProps("threshold")}
            />
          </SimpleGrid>
          {error && namedBy(problemOf(error)).length === 0 ? <Failed error={error} /> : null}
          <Group gap="xs">
            <Button type="submit" disabled={!isChanged} loading={busy}>
              {go}
            </Button>
            <Button variant="default" onClick={onCancel}>
              {t("action.cancel")}
            </Button>
          </Group>
        </Stack>
      </form>
      <LeaveGuard isChanged={isChanged && !busy} />
    </Card>
  );
}

/** The fields that a refusal is about. */
function namedBy(problem: ApiProblem): (keyof Fields)[] {
  return problem.code === "sku_taken"
    ? ["sku"]
    : (Object.keys(NAMES) as (keyof Fields)[]).filter((name) => problem.field(NAMES[name]) !== null);
}
