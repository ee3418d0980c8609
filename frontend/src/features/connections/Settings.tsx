import { Button, Card, Group, Radio, SimpleGrid, Stack, Text, TextInput, Title } from "@mantine/core";
import { useForm, type UseFormReturnType } from "@mantine/form";
import { useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { client, type Schemas } from "@/api/client";
import { useWords } from "@/i18n/words";
import { useTellDone } from "@/ui/done";
import { type Saving, useEdited, useTyped } from "@/ui/editing";
import { LeaveGuard } from "@/ui/LeaveGuard";
import { useMay } from "@/ui/role";
import { NumberField } from "@/ui/NumberField";
import { MOST_UNITS } from "@/ui/numbers";
import { Failed, Loading } from "@/ui/states";
import { useFocusKept } from "@/ui/useFocusKept";

import { PublishPreview } from "./PublishPreview";
import type { Connection } from "./rows";
import { changesOf, faultsOf, LONGEST_NAME, POLICIES, type Rules, rulesOf } from "./rules";
import { lookAgain } from "./useAction";

/** What a shop shows of what there is, and what it means when its numbers are changed there. */
export function Settings({ connection }: { connection: Connection }) {
  const { t } = useWords();
  const queries = useQueryClient();
  const tell = useTellDone();
  const params = { path: { connection_id: connection.id } };
  const { found, save } = useEdited({
    key: ["connection-rules", connection.id],
    read: (signal) => client.GET("/api/v1/connections/{connection_id}", { params, signal }),
    write: (body: Schemas["ConfigureInput"], headers) =>
      client.PATCH("/api/v1/connections/{connection_id}", { params, headers, body }),
    onSaved: async (readAgain) => {
      tell(t("rules.saved"));
      await Promise.all([readAgain(), lookAgain(queries)]);
    },
  });
  if (found.isPending) {
    return <Loading rows={5} />;
  }
  if (found.data === undefined) {
    return <Failed error={found.error} retry={() => void found.refetch()} retrying={found.isFetching} />;
  }
  return <Form connection={connection} seen={found.data.data} save={save} />;
}

interface FormProps {
  connection: Connection;
  /** As it was when the form began. */
  seen: Connection;
  save: Saving<Schemas["ConfigureInput"]>;
}

function Form({ connection, seen, save }: FormProps) {
  const { t } = useWords();
  const mayRun = useMay("admin") && connection.state !== "sample";
  const before = rulesOf(seen);
  const readOnly = !mayRun || save.isPending;
  const form = useForm<Rules>({
    initialValues: before,
    validate: (rules) =>
      Object.fromEntries(Object.keys(faultsOf(rules)).map((name) => [name, t(name === "name" ? "form.needed" : "rules.wrong")])),
    validateInputOnChange: true,
  });
  useTyped(form, before);
  const isChanged = Object.keys(changesOf(form.values, seen)).length > 0;
  // Once it is saved or discarded neither button can be used; once it could not be saved they can again.
  const actions = useFocusKept<HTMLDivElement>(`${isChanged} ${save.isPending}`);
  return (
    <form onSubmit={form.onSubmit((rules) => save.mutate(changesOf(rules, seen)))} noValidate>
      <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="lg">
        <Stack gap="lg">
          <Shown form={form} readOnly={readOnly} />
          <Policy form={form} readOnly={readOnly} />
          <Other form={form} readOnly={readOnly} />
          {save.isError ? <Failed error={save.error} /> : null}
          {mayRun ? (
            <Group gap="xs" role="group" aria-label={t("connection.tab.settings")} ref={actions} tabIndex={-1}>
              <Button type="submit" disabled={!isChanged} loading={save.isPending}>
                {t("action.save")}
              </Button>
              <Button variant="default" disabled={!isChanged} onClick={form.reset}>
                {t("action.discard")}
              </Button>
            </Group>
          ) : (
            <Text size="sm" c="dimmed">
              {t("problem.forbidden.remedy")}
            </Text>
          )}
        </Stack>
        <PublishPreview connection={{ ...seen, state: connection.state }} rules={form.values} />
      </SimpleGrid>
      <LeaveGuard isChanged={isChanged && !save.isPending} />
    </form>
  );
}

interface PartProps {
  form: Pick<UseFormReturnType<Rules>, "getInputProps">;
  readOnly: boolean;
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Card withBorder component="section" aria-label={title}>
      <Stack gap="md">
        <Title order={2} size="h4">
          {title}
        </Title>
        {children}
      </Stack>
    </Card>
  );
}

function Shown({ form, readOnly }: PartProps) {
  const { t } = useWords();
  return (
    <Part title={t("rules.shown")}>
      <Text size="sm" c="dimmed">
        {t("rules.shown.how")}
      </Text>
      <SimpleGrid cols={{ base: 1, xs: 3 }}>
        <NumberField
          label={t("rules.share")}
          min={0}
          max={100}
          readOnly={readOnly}
          {...form.getInputProps("share_percent")}
        />
        <NumberField
          label={t("rules.buffer")}
          min={0}
          max={MOST_UNITS}
          readOnly={readOnly}
          {...form.getInputProps("buffer")}
        />
        <NumberField
          label={t("rules.cap")}
          placeholder={t("rules.cap.none")}
          min={0}
          max={MOST_UNITS}
          readOnly={readOnly}
          {...form.getInputProps("cap")}
        />
      </SimpleGrid>
    </Part>
  );
}

function Policy({ form, readOnly }: PartProps) {
  const { t } = useWords();
  return (
    <Part title={t("rules.policy")}>
      <Radio.Group aria-label={t("rules.policy")} {...form.getInputProps("drift_policy")}>
        <Stack gap="sm">
          {POLICIES.map((policy) => (
            <Radio
              key={policy}
              value={policy}
              disabled={readOnly}
              label={t(`rules.policy.${policy}`)}
              description={t(`rules.policy.${policy}.hint`)}
            />
          ))}
        </Stack>
      </Radio.Group>
    </Part>
  );
}

function Other({ form, readOnly }: PartProps) {
  const { t } = useWords();
  return (
    <Part title={t("rules.other")}>
      <TextInput
        label={t("rules.name")}
        maxLength={LONGEST_NAME}
        readOnly={readOnly}
        {...form.getInputProps("name")}
      />
      <NumberField
        label={t("rules.brake")}
        description={t("rules.brake.hint")}
        min={1}
        max={100}
        readOnly={readOnly}
        {...form.getInputProps("brake_percent")}
      />
    </Part>
  );
}
