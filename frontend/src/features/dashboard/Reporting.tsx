import { ActionIcon, Button, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";

import { client, type Schemas } from "@/api/client";
import { useWords } from "@/i18n/words";
import { Icon } from "@/ui/icons";
import { LeaveGuard } from "@/ui/LeaveGuard";
import { isAtLeast, type Role } from "@/ui/role";
import { Section } from "@/ui/Section";
import { Failed, Loading } from "@/ui/states";

interface Found {
  reporting: Schemas["Reporting"];
  /** Which version it is: nobody overwrites what somebody else changed meanwhile. */
  tag: string;
}

const KEY = ["reporting-settings"];
const RATE = /^(?=.*[1-9])\d{1,9}(\.\d{1,12})?$/;

/** On whose clock days begin, and in which currency sums are put together. */
export function Reporting({ role }: { role: Role }) {
  const { t } = useWords();
  const found = useQuery({
    queryKey: KEY,
    queryFn: async (): Promise<Found> => {
      const { data, response } = await client.GET("/api/v1/account/reporting");
      return { reporting: data as Schemas["Reporting"], tag: response.headers.get("ETag") ?? "" };
    },
  });
  return (
    <Section title={t("reporting.title")} lead={t("reporting.lead")}>
      {found.isPending ? <Loading rows={3} /> : null}
      {found.isError ? <Failed error={found.error} retry={() => void found.refetch()} /> : null}
      {found.data === undefined ? null : (
        <ReportingForm key={found.data.tag} {...found.data} canChange={isAtLeast(role, "admin")} />
      )}
    </Section>
  );
}

function ReportingForm({ reporting, tag, canChange }: Found & { canChange: boolean }) {
  const { t } = useWords();
  const queries = useQueryClient();
  const { zones, currencies } = useChoices(reporting);
  const form = useForm({
    initialValues: { zone: reporting.time_zone, currency: reporting.currency ?? "", rates: reporting.rates },
    validate: {
      rates: {
        currency: (value, { currency }) => (value === "" || value === currency ? t("reporting.rate.currency") : null),
        rate: (value) => (RATE.test(value) ? null : t("reporting.rate.form")),
      },
    },
  });
  const change = useMutation({
    mutationFn: async ({ zone, currency, rates }: typeof form.values) => {
      await client.PUT("/api/v1/account/reporting", {
        body: { time_zone: zone, currency: currency || null, rates: currency ? rates : [] },
        headers: tag === "" ? {} : { "If-Match": tag },
      });
    },
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: KEY });
      await queries.invalidateQueries({ queryKey: ["get", "/api/v1/account/reporting"] });
    },
  });
  return (
    <form onSubmit={form.onSubmit((given) => change.mutate(given))} noValidate>
      <Stack gap="md" maw={420}>
        {change.isError ? <Failed error={change.error} retry={() => void queries.invalidateQueries({ queryKey: KEY })} /> : null}
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
                  placeholder="1.0825"
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
        {canChange ? (
          <Group>
            <Button type="submit" loading={change.isPending} disabled={!form.isDirty()}>
              {t("action.save")}
            </Button>
          </Group>
        ) : null}
      </Stack>
      <LeaveGuard isChanged={form.isDirty() && !change.isPending} />
    </form>
  );
}

/** All that this browser knows, and what is set. */
function useChoices(reporting: Schemas["Reporting"]) {
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
