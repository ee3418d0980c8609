import { Alert, Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api, client, type Schemas } from "@/api/client";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { AllowWrites } from "@/ui/AllowWrites";
import { Confirm } from "@/ui/Confirm";
import { type Saving, useEdited, useTyped } from "@/ui/editing";
import { Icon } from "@/ui/icons";
import { LeaveGuard } from "@/ui/LeaveGuard";
import { useTellProblem } from "@/ui/notify";
import { NumberField } from "@/ui/NumberField";
import { type Entered, wholeOf } from "@/ui/numbers";
import { isAtLeast, type Role } from "@/ui/role";
import { Section } from "@/ui/Section";
import { Failed, Loading } from "@/ui/states";
import { useFocusKept } from "@/ui/useFocusKept";

type Account = Schemas["Account"];
type Change = Schemas["ConfigureAccountInput"];

interface Basics {
  name: string;
  safety_stock: Entered;
  low_stock_threshold: Entered;
}

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
      <Basics role={role} />
      <Writes account={account.data} role={role} />
    </Stack>
  );
}

function Basics({ role }: { role: Role }) {
  const { t } = useWords();
  const queries = useQueryClient();
  const { found, save } = useEdited({
    key: ["account-basics"],
    read: (signal) => client.GET("/api/v1/account", { signal }),
    write: (body: Change, headers) => client.PATCH("/api/v1/account", { headers, body }),
    onSaved: async (readAgain) => {
      await readAgain();
      await queries.invalidateQueries({ queryKey: ACCOUNT });
      await queries.invalidateQueries({ queryKey: ["get", "/api/v1/me"] });
    },
  });
  return (
    <Section title={t("account.title")}>
      {found.data !== undefined ? (
        <BasicsForm account={found.data.data} canChange={isAtLeast(role, "admin")} save={save} />
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
  account: Account;
  canChange: boolean;
  save: Saving<Change>;
}

function BasicsForm({ account, canChange, save }: FormProps) {
  const { t } = useWords();
  const units = (value: Entered) => (wholeOf(value) === null ? t("account.units.form") : null);
  const before = basicsOf(account);
  const form = useForm<Basics>({
    initialValues: before,
    validate: {
      name: (value) => (value.trim() === "" ? t("form.needed") : null),
      safety_stock: units,
      low_stock_threshold: units,
    },
  });
  useTyped(form, before);
  const readOnly = !canChange || save.isPending;
  const isChanged = Object.keys(changesOf(form.values, account)).length > 0;
  const actions = useFocusKept<HTMLDivElement>(`${isChanged} ${save.isPending}`);
  return (
    <form onSubmit={form.onSubmit((values) => save.mutate(changesOf(values, account)))} noValidate>
      <Stack gap="md" maw={420}>
        {save.isError ? <Failed error={save.error} /> : null}
        <TextInput
          label={t("account.name")}
          maxLength={LONGEST}
          readOnly={readOnly}
          {...form.getInputProps("name")}
        />
        <NumberField
          label={t("account.safety")}
          description={t("account.safety.hint")}
          min={0}
          max={MOST_UNITS}
          readOnly={readOnly}
          {...form.getInputProps("safety_stock")}
        />
        <NumberField
          label={t("account.low")}
          description={t("account.low.hint")}
          min={0}
          max={MOST_UNITS}
          readOnly={readOnly}
          {...form.getInputProps("low_stock_threshold")}
        />
        {canChange ? (
          <Group ref={actions} role="group" aria-label={t("account.title")} tabIndex={-1}>
            <Button type="submit" loading={save.isPending} disabled={!isChanged}>
              {t("action.save")}
            </Button>
            {save.isSuccess && !isChanged ? (
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
      <LeaveGuard isChanged={isChanged && !save.isPending} />
    </form>
  );
}

function basicsOf({ name, safety_stock, low_stock_threshold }: Account): Basics {
  return { name, safety_stock, low_stock_threshold };
}

/** What is saved: only what differs from what is there. */
function changesOf({ name, ...units }: Basics, account: Account): Change {
  const now: Record<string, unknown> = account;
  const entered = Object.entries({ name: name.trim(), ...units });
  return Object.fromEntries(entered.filter(([field, value]) => now[field] !== value));
}

/** The way to stop everything at once, for when something looks wrong. */
function Writes({ account, role }: { account: Account; role: Role }) {
  const { t } = useWords();
  const format = useFormat();
  const tell = useTellProblem();
  const queries = useQueryClient();
  const [asks, setAsks] = useState(false);
  const stop = api.useMutation("post", "/api/v1/account/stop-writes", {
    onSuccess: async () => {
      setAsks(false);
      await queries.invalidateQueries({ queryKey: ACCOUNT });
    },
    onError: tell,
  });
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
            <AllowWrites />
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
