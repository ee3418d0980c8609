import { ActionIcon, Button, Group, Radio, SimpleGrid, Stack, Text, TextInput } from "@mantine/core";
import { useForm, type UseFormReturnType } from "@mantine/form";
import { useEffect, useMemo } from "react";

import type { Schemas } from "@/api/client";
import { problemOf } from "@/api/problem";
import { useWords } from "@/i18n/words";
import { amountIn } from "@/ui/amounts";
import { type Saving, useTyped } from "@/ui/editing";
import { Icon } from "@/ui/icons";
import { LeaveGuard } from "@/ui/LeaveGuard";
import { NumberField } from "@/ui/NumberField";
import { useFieldErrors } from "@/ui/problems";
import { useMay } from "@/ui/role";
import { Section } from "@/ui/Section";
import { Failed } from "@/ui/states";
import { useFocusKept } from "@/ui/useFocusKept";

import {
  BRAKE,
  DIRECTIONS,
  documentOf,
  FACTOR,
  faultsOf,
  fieldsOf,
  LARGE,
  MOST_RATES,
  NAMES,
  type PriceFields,
  type PriceRule,
  RATE,
  ratesOf,
  roundingsOf,
} from "./priceRule";
import type { Connection } from "./rows";

/** What an amount is, is said by how it is rounded. */
const ROUNDED = ["rounding", "amount"] as const;

interface Props {
  connection: Connection;
  /** As it was when the form began. */
  seen: PriceRule;
  save: Saving<Schemas["SetRuleInput"]>;
  onChanged: (isChanged: boolean) => void;
}

/** What a shop's prices are made of. */
export function PriceRuleForm({ connection, seen, save, onChanged }: Props) {
  const { t } = useWords();
  const said = useFieldErrors();
  const may = useMay("admin");
  const mayRun = may === true && connection.state !== "sample";
  const { currency, state } = seen;
  // The same list as long as it says the same, so that what is typed in it stays where something else is new.
  const rates = useMemo(() => ratesOf(seen.rates), [seen.rates]);
  const before = useMemo(() => ({ ...fieldsOf(seen), rates }), [seen, rates]);
  const form = useForm<PriceFields>({
    initialValues: before,
    validate: (fields) =>
      Object.fromEntries(Object.entries(faultsOf(fields, currency)).map(([name, fault]) => [name, t(fault)])),
    validateInputOnBlur: true,
  });
  useTyped(form, before, ROUNDED);
  const written = (fields: PriceFields) => JSON.stringify(documentOf(fields, currency));
  const isChanged = written(form.values) !== written(before);
  useEffect(() => onChanged(isChanged), [isChanged, onChanged]);
  const actions = useFocusKept<HTMLDivElement>(`${isChanged} ${save.isPending}`);
  const send = (fields: PriceFields) =>
    save.mutate(
      { ...documentOf(fields, currency), enabled: true },
      {
        onError: (error) => {
          const errors = said(problemOf(error), ...Object.values(NAMES));
          namesOf(error).forEach((name) => form.setFieldError(name, errors[NAMES[name]]));
        },
      },
    );
  const part = { form, currency, readOnly: !mayRun || save.isPending };
  return (
    <form onSubmit={form.onSubmit(send)} noValidate>
      <Stack gap="lg">
        <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="lg">
          <Stack gap="lg">
            <Made {...part} />
          </Stack>
          <Stack gap="lg">
            <Rounded {...part} />
            <Brake {...part} />
          </Stack>
        </SimpleGrid>
        {save.isError && namesOf(save.error).length === 0 ? <Failed error={save.error} /> : null}
        {mayRun ? (
          <Stack gap="xs" role="group" aria-label={t("prices.rule")} ref={actions} tabIndex={-1}>
            {state === "on" ? <Text size="sm">{t("prices.save.on")}</Text> : null}
            <Group gap="xs">
              <Button type="submit" disabled={!isChanged && state !== "off"} loading={save.isPending}>
                {t(state === "off" ? "prices.save.off" : "action.save")}
              </Button>
              <Button variant="default" disabled={!isChanged} onClick={form.reset}>
                {t("action.discard")}
              </Button>
            </Group>
          </Stack>
        ) : (
          <Text size="sm" c="dimmed">
            {t(may === false ? "may.admin" : "prices.sample")}
          </Text>
        )}
      </Stack>
      <LeaveGuard isChanged={isChanged && !save.isPending} />
    </form>
  );
}

/** The fields that a refusal is about. */
function namesOf(error: unknown): (keyof PriceFields)[] {
  const problem = problemOf(error);
  return (Object.keys(NAMES) as (keyof PriceFields)[]).filter((name) => problem.field(NAMES[name]) !== null);
}

interface PartProps {
  form: UseFormReturnType<PriceFields>;
  /** The shop's. */
  currency: string;
  readOnly: boolean;
}

function Made({ form, currency, readOnly }: PartProps) {
  const { t } = useWords();
  return (
    <Section title={t("prices.made")} lead={t("prices.made.how")}>
      <NumberField
        label={t("prices.factor")}
        description={t("prices.factor.hint")}
        {...FACTOR}
        fewest={0}
        maw={240}
        readOnly={readOnly}
        {...form.getInputProps("factor")}
      />
      <Rates form={form} currency={currency} readOnly={readOnly} />
    </Section>
  );
}

/** For base prices in other currencies than the shop's. */
function Rates({ form, currency, readOnly }: PartProps) {
  const { t } = useWords();
  const { rates } = form.values;
  const add = useFocusKept<HTMLButtonElement>(rates.length);
  return (
    <Stack gap="xs" component="section" aria-label={t("prices.rates")} align="flex-start">
      <div>
        <Text size="sm" fw={600}>
          {t("prices.rates")}
        </Text>
        <Text size="xs" c="dimmed">
          {t("prices.rates.hint", { currency })}
        </Text>
      </div>
      {rates.map((rate, index) => (
        <Group key={index} gap="xs" wrap="nowrap" align="flex-start">
          <TextInput
            label={t("imports.currency")}
            placeholder="USD"
            w={112}
            maxLength={3}
            autoComplete="off"
            spellCheck={false}
            readOnly={readOnly}
            autoFocus={rate.currency === "" && rate.rate === ""}
            {...form.getInputProps(`rates.${index}.currency`)}
            onChange={(event) => form.setFieldValue(`rates.${index}.currency`, event.currentTarget.value.toUpperCase())}
          />
          <NumberField
            label={t("prices.rate", { from: rate.currency || "…", to: currency })}
            {...RATE}
            fewest={0}
            maw={200}
            readOnly={readOnly}
            {...form.getInputProps(`rates.${index}.rate`)}
          />
          {readOnly ? null : (
            <ActionIcon
              variant="subtle"
              color="gray"
              size="lg"
              mt={26}
              aria-label={t("prices.rate.remove", { currency: rate.currency || "…" })}
              onClick={() => form.removeListItem("rates", index)}
            >
              <Icon name="trash" />
            </ActionIcon>
          )}
        </Group>
      ))}
      {readOnly || rates.length >= MOST_RATES ? null : (
        <Button
          ref={add}
          size="xs"
          variant="default"
          leftSection={<Icon name="plus" />}
          onClick={() => form.insertListItem("rates", { currency: "", rate: "" })}
        >
          {t("prices.rate.add")}
        </Button>
      )}
    </Stack>
  );
}

function Rounded({ form, currency, readOnly }: PartProps) {
  const { t } = useWords();
  const { rounding } = form.values;
  return (
    <Section title={t("prices.rounding")} lead={t("prices.rounding.how")}>
      <Radio.Group aria-label={t("prices.rounding")} {...form.getInputProps("rounding")}>
        <Stack gap="sm">
          {roundingsOf(currency).map((each) => (
            <Radio
              key={each}
              value={each}
              disabled={readOnly}
              label={t(`prices.rounding.${each}`)}
              description={t(`prices.rounding.${each}.hint`)}
            />
          ))}
        </Stack>
      </Radio.Group>
      {rounding === "unit" ? null : (
        <>
          <NumberField
            label={t(`prices.amount.${rounding}`, { currency })}
            {...amountIn(currency)}
            maw={240}
            readOnly={readOnly}
            {...form.getInputProps("amount")}
          />
          <Radio.Group label={t("prices.direction")} {...form.getInputProps("direction")}>
            <Stack gap="xs" mt={6}>
              {DIRECTIONS.map((each) => (
                <Radio key={each} value={each} disabled={readOnly} label={t(`prices.direction.${each}`)} />
              ))}
            </Stack>
          </Radio.Group>
        </>
      )}
    </Section>
  );
}

function Brake({ form, readOnly }: PartProps) {
  const { t } = useWords();
  return (
    <Section title={t("prices.brake")} lead={t("prices.brake.how")}>
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <NumberField
          label={t("prices.brake.listings")}
          {...BRAKE}
          readOnly={readOnly}
          {...form.getInputProps("brake_percent")}
        />
        <NumberField
          label={t("prices.brake.change")}
          {...LARGE}
          readOnly={readOnly}
          {...form.getInputProps("brake_change_percent")}
        />
      </SimpleGrid>
    </Section>
  );
}
