import { Button, Card, Group, NumberInput, Radio, SimpleGrid, Stack, Text, TextInput, Title } from "@mantine/core";
import { useForm, type UseFormReturnType } from "@mantine/form";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { client } from "@/api/client";
import { problemOf } from "@/api/problem";
import { useWords } from "@/i18n/words";
import { useTellDone } from "@/ui/done";
import { LeaveGuard } from "@/ui/LeaveGuard";
import { useMay } from "@/ui/role";
import { Failed, Loading } from "@/ui/states";

import { PublishPreview } from "./PublishPreview";
import type { Connection } from "./rows";
import { changesOf, faultsOf, LONGEST_NAME, MOST_UNITS, POLICIES, type Rules, rulesOf } from "./rules";
import { connectionQuery, lookAgain } from "./useAction";

interface Versioned {
  connection: Connection;
  /** Of the settings: a change is refused where somebody else changed them meanwhile. */
  version: string | null;
}

/** What a shop shows of what there is, and what it means when its numbers are changed there. */
export function Settings({ connectionId }: { connectionId: number }) {
  const found = useQuery({
    queryKey: [...connectionQuery(connectionId).queryKey, "version"],
    queryFn: async ({ signal }): Promise<Versioned> => {
      const params = { path: { connection_id: connectionId } };
      const { data, response } = await client.GET("/api/v1/connections/{connection_id}", { params, signal });
      return { connection: data as Connection, version: response.headers.get("ETag") };
    },
    // Who is editing is not disturbed, unless somebody else has saved meanwhile.
    staleTime: Infinity,
    gcTime: 0,
  });
  const save = useSave(connectionId, () => void found.refetch());
  if (found.isPending) {
    return <Loading rows={5} />;
  }
  if (found.data === undefined) {
    return <Failed error={found.error} retry={() => void found.refetch()} retrying={found.isFetching} />;
  }
  const { connection, version } = found.data;
  return <Form key={version} connection={connection} version={version} save={save} />;
}

interface FormProps extends Versioned {
  /** Not the form's own: what it says stays where the form begins anew by what somebody else has saved. */
  save: ReturnType<typeof useSave>;
}

function Form({ connection, version, save }: FormProps) {
  const { t } = useWords();
  const mayRun = useMay("admin") && connection.state !== "sample";
  const form = useForm<Rules>({
    initialValues: rulesOf(connection),
    validate: (rules) =>
      Object.fromEntries(Object.keys(faultsOf(rules)).map((name) => [name, t(name === "name" ? "form.needed" : "rules.wrong")])),
    validateInputOnChange: true,
  });
  const isChanged = Object.keys(changesOf(form.values, connection)).length > 0;
  return (
    <form onSubmit={form.onSubmit((rules) => save.mutate({ version, changes: changesOf(rules, connection) }))} noValidate>
      <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="lg">
        <Stack gap="lg">
          <Shown form={form} readOnly={!mayRun} />
          <Policy form={form} readOnly={!mayRun} />
          <Other form={form} readOnly={!mayRun} />
          {save.isError ? <Failed error={save.error} /> : null}
          {mayRun ? (
            <Group gap="xs">
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
        <PublishPreview connection={connection} rules={form.values} />
      </SimpleGrid>
      <LeaveGuard isChanged={isChanged && !save.isPending} />
    </form>
  );
}

interface Change {
  version: string | null;
  changes: ReturnType<typeof changesOf>;
}

/** `onOutdated` is called where it was changed by somebody else, or by this. */
function useSave(connectionId: number, onOutdated: () => void) {
  const { t } = useWords();
  const queries = useQueryClient();
  const tell = useTellDone();
  return useMutation({
    mutationFn: ({ version, changes }: Change) =>
      client.PATCH("/api/v1/connections/{connection_id}", {
        params: { path: { connection_id: connectionId } },
        headers: version === null ? {} : { "If-Match": version },
        body: changes,
      }),
    onSuccess: async () => {
      tell(t("rules.saved"));
      onOutdated();
      await lookAgain(queries);
    },
    onError: (error) => {
      if (problemOf(error).code === "precondition_failed") {
        onOutdated();
      }
    },
  });
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
        <NumberInput
          label={t("rules.share")}
          suffix=" %"
          min={0}
          max={100}
          clampBehavior="none"
          allowDecimal={false}
          readOnly={readOnly}
          {...form.getInputProps("share_percent")}
        />
        <NumberInput
          label={t("rules.buffer")}
          min={0}
          max={MOST_UNITS}
          clampBehavior="none"
          allowDecimal={false}
          readOnly={readOnly}
          {...form.getInputProps("buffer")}
        />
        <NumberInput
          label={t("rules.cap")}
          placeholder={t("rules.cap.none")}
          min={0}
          max={MOST_UNITS}
          clampBehavior="none"
          allowDecimal={false}
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
      <NumberInput
        label={t("rules.brake")}
        description={t("rules.brake.hint")}
        suffix=" %"
        min={1}
        max={100}
        clampBehavior="none"
        allowDecimal={false}
        readOnly={readOnly}
        {...form.getInputProps("brake_percent")}
      />
    </Part>
  );
}
