import { Button, Checkbox, Code, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";

import { api } from "@/api/client";
import { useWords } from "@/i18n/words";
import { Failed, Loading } from "@/ui/states";

const LONGEST = 100;
const DAYS = ["30", "90", "365"] as const;
const DAY_MS = 86_400_000;
const DEEDS = ["read", "write"] as const;

/** A name, what it may do, and for how long. */
export function NewKey({ onMade }: { onMade: (secret: string) => void }) {
  const { t } = useWords();
  const known = api.useQuery("get", "/api/v1/api-keys/scopes", {}, { staleTime: Infinity });
  const make = api.useMutation("post", "/api/v1/api-keys", {
    onSuccess: (made) => onMade(made?.secret ?? ""),
  });
  const form = useForm({
    initialValues: { name: "", scopes: [] as string[], days: "365" },
    validate: {
      name: (value) => (value.trim() === "" ? t("form.needed") : null),
      scopes: (value) => (value.length === 0 ? t("keys.scopes.needed") : null),
    },
  });
  if (known.data === undefined) {
    return known.isError ? <Failed error={known.error} retry={() => void known.refetch()} /> : <Loading rows={4} />;
  }
  const all = known.data.items;
  const reading = all.filter((scope) => scope.endsWith(":read"));
  return (
    <form
      onSubmit={form.onSubmit(({ name, scopes, days }) => {
        make.mutate({ body: { name: name.trim(), scopes, expires_at: endOf(days) } });
      })}
      noValidate
    >
      <Stack gap="md">
        {make.isError ? <Failed error={make.error} /> : null}
        <TextInput
          label={t("keys.name")}
          description={t("keys.name.hint")}
          maxLength={LONGEST}
          autoFocus
          data-autofocus
          {...form.getInputProps("name")}
        />
        <Select
          label={t("keys.life")}
          data={[
            ...DAYS.map((days) => ({ value: days, label: t("keys.life.days", { count: Number(days) }) })),
            { value: "", label: t("keys.life.ever") },
          ]}
          allowDeselect={false}
          {...form.getInputProps("days")}
        />
        <Checkbox.Group
          label={t("keys.scopes")}
          description={t("keys.scopes.hint")}
          errorProps={{ mt: "sm" }}
          {...form.getInputProps("scopes")}
        >
          <Group gap="xs" my="xs">
            <Button variant="default" size="xs" onClick={() => form.setFieldValue("scopes", reading)}>
              {t("keys.scopes.reading")}
            </Button>
            <Button variant="default" size="xs" onClick={() => form.setFieldValue("scopes", [])}>
              {t("keys.scopes.none")}
            </Button>
            <Text size="sm" c="dimmed" role="status">
              {t("keys.scopes.count", { count: form.values.scopes.length })}
            </Text>
          </Group>
          <Stack gap="xs">
            {subjectsOf(all).map((subject) => (
              <Subject key={subject} name={subject} all={all} />
            ))}
          </Stack>
        </Checkbox.Group>
        <Group justify="flex-end">
          <Button type="submit" loading={make.isPending}>
            {t("keys.make")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** One thing that a program may read, change, or both. */
function Subject({ name, all }: { name: string; all: readonly string[] }) {
  const { t, known } = useWords();
  const word = known(`scope.${name}`) ?? name;
  return (
    <Group style={{ gap: "4px 8px" }}>
      <Text size="sm" style={{ flex: "1 1 260px" }}>
        {word} <Code>{name}</Code>
      </Text>
      <div style={{ display: "grid", gridTemplateColumns: "100px 120px" }}>
        {DEEDS.map((deed, column) =>
          all.includes(`${name}:${deed}`) ? (
            <Checkbox
              key={deed}
              value={`${name}:${deed}`}
              label={t(`keys.scopes.${deed}`)}
              aria-label={`${word}: ${t(`keys.scopes.${deed}`)}`}
              style={{ gridColumn: column + 1 }}
            />
          ) : null,
        )}
      </div>
    </Group>
  );
}

/** What scopes are about, each once and in their order. */
function subjectsOf(scopes: readonly string[]): string[] {
  return [...new Set(scopes.map((scope) => scope.slice(0, scope.indexOf(":"))))];
}

/** That many days from now; null where it never ends. */
function endOf(days: string): string | null {
  return days === "" ? null : new Date(Date.now() + Number(days) * DAY_MS).toISOString();
}
