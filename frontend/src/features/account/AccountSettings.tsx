import { Alert, Button, Group, NumberInput, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api, type Schemas } from "@/api/client";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { Confirm } from "@/ui/Confirm";
import { Icon } from "@/ui/icons";
import { LeaveGuard } from "@/ui/LeaveGuard";
import { useTellProblem } from "@/ui/notify";
import { isAtLeast, type Role } from "@/ui/role";
import { Section } from "@/ui/Section";
import { Failed, Loading } from "@/ui/states";

type Account = Schemas["Account"];

const LONGEST = 200;
const MOST_UNITS = 1_000_000;
const ACCOUNT = ["get", "/api/v1/account"] as const;

/** What holds for all shops. */
export function AccountSettings({ role }: { role: Role }) {
  const account = api.useQuery("get", "/api/v1/account");
  if (account.data === undefined) {
    return account.isError ? (
      <Failed error={account.error} retry={() => void account.refetch()} retrying={account.isFetching} />
    ) : (
      <Loading rows={4} />
    );
  }
  return (
    <Stack gap="lg">
      <Basics account={account.data} role={role} />
      <Writes account={account.data} role={role} />
    </Stack>
  );
}

function Basics({ account, role }: { account: Account; role: Role }) {
  const { t } = useWords();
  const queries = useQueryClient();
  const canChange = isAtLeast(role, "admin");
  const units = (value: number | string) =>
    typeof value === "number" && Number.isInteger(value) && value >= 0 ? null : t("account.units.form");
  const form = useForm({
    initialValues: {
      name: account.name,
      safety: account.safety_stock as number | string,
      low: account.low_stock_threshold as number | string,
    },
    validate: {
      name: (value) => (value.trim() === "" ? t("form.needed") : null),
      safety: units,
      low: units,
    },
  });
  const change = api.useMutation("patch", "/api/v1/account", {
    onSuccess: async () => {
      form.resetDirty();
      await queries.invalidateQueries({ queryKey: ACCOUNT });
      await queries.invalidateQueries({ queryKey: ["get", "/api/v1/me"] });
    },
  });
  return (
    <Section title={t("account.title")}>
      <form
        onSubmit={form.onSubmit(({ name, safety, low }) =>
          change.mutate({
            body: { name: name.trim(), safety_stock: Number(safety), low_stock_threshold: Number(low) },
          }),
        )}
        noValidate
      >
        <Stack gap="md" maw={420}>
          {change.isError ? <Failed error={change.error} /> : null}
          <TextInput
            label={t("account.name")}
            maxLength={LONGEST}
            readOnly={!canChange}
            {...form.getInputProps("name")}
          />
          <NumberInput
            label={t("account.safety")}
            description={t("account.safety.hint")}
            min={0}
            max={MOST_UNITS}
            readOnly={!canChange}
            {...form.getInputProps("safety")}
          />
          <NumberInput
            label={t("account.low")}
            description={t("account.low.hint")}
            min={0}
            max={MOST_UNITS}
            readOnly={!canChange}
            {...form.getInputProps("low")}
          />
          {canChange ? (
            <Group>
              <Button type="submit" loading={change.isPending} disabled={!form.isDirty()}>
                {t("action.save")}
              </Button>
              {change.isSuccess && !form.isDirty() ? (
                <Text size="sm" role="status">
                  {t("action.saved")}
                </Text>
              ) : null}
            </Group>
          ) : (
            <Text size="sm" c="dimmed">
              {t("may.admin")}
            </Text>
          )}
        </Stack>
        <LeaveGuard isChanged={form.isDirty() && !change.isPending} />
      </form>
    </Section>
  );
}

/** The way to stop everything at once, for when something looks wrong. */
function Writes({ account, role }: { account: Account; role: Role }) {
  const { t } = useWords();
  const format = useFormat();
  const tell = useTellProblem();
  const queries = useQueryClient();
  const [asks, setAsks] = useState(false);
  const handlers = {
    onSuccess: async () => {
      setAsks(false);
      await queries.invalidateQueries({ queryKey: ACCOUNT });
    },
    onError: tell,
  };
  const stop = api.useMutation("post", "/api/v1/account/stop-writes", handlers);
  const allow = api.useMutation("post", "/api/v1/account/allow-writes", handlers);
  return (
    <Section title={t("writes.title")} lead={t("writes.lead")}>
      {account.writes_stopped_at === null ? (
        isAtLeast(role, "staff") ? (
          <Group>
            <Button variant="default" leftSection={<Icon name="stop" />} onClick={() => setAsks(true)}>
              {t("writes.stop")}
            </Button>
          </Group>
        ) : null
      ) : (
        <Alert
          color="yellow"
          icon={<Icon name="warn" />}
          title={t("writes.stopped", { at: format.moment(account.writes_stopped_at) })}
        >
          <Stack gap="sm" align="flex-start">
            <Text size="sm">{t("attention.writes_stopped.next")}</Text>
            {isAtLeast(role, "admin") ? (
              <Button variant="default" loading={allow.isPending} onClick={() => allow.mutate({})}>
                {t("attention.writes_stopped.do")}
              </Button>
            ) : null}
          </Stack>
        </Alert>
      )}
      <Confirm
        opened={asks}
        title={t("writes.stop")}
        action={t("writes.stop")}
        busy={stop.isPending}
        danger
        onConfirm={() => stop.mutate({})}
        onClose={() => setAsks(false)}
      >
        <Text size="sm">{t("writes.stop.sure")}</Text>
      </Confirm>
    </Section>
  );
}
