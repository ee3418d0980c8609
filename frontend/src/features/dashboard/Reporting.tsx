import { ActionIcon, Button, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";

import { client, type Schemas } from "@/api/client";
import { useWords } from "@/i18n/words";
import { type Saving, useEdited, useTyped } from "@/ui/editing";
import { Icon } from "@/ui/icons";
import { LeaveGuard } from "@/ui/LeaveGuard";
import { decimalFrom, writtenExactly } from "@/ui/numbers";
import { isAtLeast, type Role } from "@/ui/role";
import { Section } from "@/ui/Section";
import { Failed, Loading } from "@/ui/states";

type Report = Schemas["Reporting"];

interface Values {
  zone: string;
  /** Empty for none. */
  currency: string;
  /** As they are typed. */
  rates: Report["rates"];
}

/** A rate is of the currency that is set. */
const TOGETHER = ["currency", "rates"] as const;
const RATE = /^(?=.*[1-9])\d{1,9}(\.\d+)?$/;
const RATE_DIGITS = 12;

/** On whose clock days begin, and in which currency sums are put together. */
export function Reporting({ role }: { role: Role }) {
  const { t } = useWords();
  const queries = useQueryClient();
  const { found, save } = useEdited({
    key: ["reporting-settings"],
    read: (signal) => client.GET("/api/v1/account/reporting", { signal }),
    write: (body: Report, headers) => client.PUT("/api/v1/account/reporting", { headers, body }),
    onSaved: async (readAgain) => {
      await Promise.all([readAgain(), queries.invalidateQueries({ queryKey: ["get", "/api/v1/account/reporting"] })]);
    },
  });
  return (
    <Section title={t("reporting.title")} lead={t("reporting.lead")}>
      {found.data !== undefined ? (
        <ReportingForm reporting={found.data.data} save={save} canChange={isAtLeast(role, "admin")} />
      ) : found.isError ? (
        <Failed error={found.error} retry={() => void found.refetch()} retrying={found.isFetching} />
      ) : (
        <Loading rows={3} />
      )}
    </Section>
  );
}

interface FormProps {
  /** As it was when the form began. */
  reporting: Report;
  save: Saving<Report>;
  canChange: boolean;
}

function ReportingForm({ reporting, save, canChange }: FormProps) {
  const { t, locale } = useWords();
  const { zones, currencies } = useChoices(reporting);
  const rateFrom = (typed: string) => decimalFrom(typed, locale, RATE_DIGITS) ?? "";
  const example = writtenExactly("1.0825", locale);
  const rates = useMemo(
    () => reporting.rates.map(({ currency, rate }) => ({ currency, rate: writtenExactly(rate, locale) })),
    [reporting.rates, locale],
  );
  const before = { zone: reporting.time_zone, currency: reporting.currency ?? "", rates };
  const form = useForm<Values>({
    initialValues: before,
    validate: {
      rates: {
        currency: (value, { currency }) => (value === "" || value === currency ? t("reporting.rate.currency") : null),
        rate: (value) => (RATE.test(rateFrom(value)) ? null : t("reporting.rate.form", { example })),
      },
    },
  });
  useTyped(form, before, TOGETHER);
  return (
    <form
      onSubmit={form.onSubmit(({ zone, currency, ...typed }) => {
        const exact = typed.rates.map((each) => ({ currency: each.currency, rate: rateFrom(each.rate) }));
        save.mutate({ time_zone: zone, currency: currency || null, rates: currency ? exact : [] });
      })}
      noValidate
    >
      <Stack gap="md" maw={420}>
        <Select
          label={t("reporting.zone")}
          data={zones}
          searchable
          allowDeselect={false}
          readOnly={!canChange}
          {...form.getInputProps("zone")}
        />
        <Select
          label={t("reporting.currency")}
          description={t("reporting.currency.hint")}
          placeholder={t("reporting.currency.none")}
          data={currencies}
          searchable
          clearable={canChange}
          readOnly={!canChange}
          {...form.getInputProps("currency")}
          value={form.values.currency === "" ? null : form.values.currency}
          onChange={(value) => form.setFieldValue("currency", value ?? "")}
        />
        {form.values.currency === "" ? null : (
          <Stack gap="xs" component="fieldset" style={{ border: 0, padding: 0, margin: 0 }}>
            <Text size="sm" fw={500} component="legend">
              {t("reporting.rates")}
            </Text>
            {form.values.rates.map((_, index) => (
              <Group key={form.key(`rates.${index}`)} gap="xs" align="flex-start" wrap="nowrap">
                <Select
                  aria-label={t("reporting.rate.of", { number: index + 1 })}
                  data={currencies}
                  searchable
                  w={190}
                  readOnly={!canChange}
                  {...form.getInputProps(`rates.${index}.currency`)}
                />
                <TextInput
                  aria-label={t("reporting.rate.is", { currency: form.values.currency, number: index + 1 })}
                  inputMode="decimal"
                  placeholder={example}
                  style={{ flex: 1 }}
                  readOnly={!canChange}
                  {...form.getInputProps(`rates.${index}.rate`)}
                />
                {canChange ? (
                  <ActionIcon
                    variant="subtle"
                    color="gray"
                    size="lg"
                    aria-label={t("reporting.rate.remove", { number: index + 1 })}
                    onClick={() => form.removeListItem("rates", index)}
                  >
                    <Icon name="trash" />
                  </ActionIcon>
                ) : null}
              </Group>
            ))}
            {canChange ? (
              <Group>
                <Button
                  variant="default"
                  size="xs"
                  leftSection={<Icon name="plus" size={14} />}
                  onClick={() => form.insertListItem("rates", { currency: "", rate: "" })}
                >
                  {t("reporting.rate.add")}
                </Button>
              </Group>
            ) : null}
          </Stack>
        )}
        {save.isError ? <Failed error={save.error} /> : null}
        {canChange ? (
          <Group>
            <Button type="submit" loading={save.isPending} disabled={!form.isDirty()}>
              {t("action.save")}
            </Button>
          </Group>
        ) : null}
      </Stack>
      <LeaveGuard isChanged={form.isDirty() && !save.isPending} />
    </form>
  );
}

/** All that this browser knows, and what is set. */
function useChoices(reporting: Report) {
  const { locale } = useWords();
  return useMemo(() => {
    const named = new Intl.DisplayNames(locale, { type: "currency" });
    const codes = new Set([
      ...Intl.supportedValuesOf("currency"),
      ...[reporting.currency ?? "", ...reporting.rates.map(({ currency }) => currency)].filter((code) => code !== ""),
    ]);
    return {
      zones: [...new Set([reporting.time_zone, "UTC", ...Intl.supportedValuesOf("timeZone")])].toSorted(),
      currencies: [...codes].toSorted().map((code) => ({ value: code, label: `${code} · ${nameOf(named, code)}` })),
    };
  }, [locale, reporting]);
}

function nameOf(names: Intl.DisplayNames, code: string): string {
  return /^[A-Z]{3}$/.test(code) ? (names.of(code) ?? code) : code;
}
