import { Alert, Button, Group, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import type { ReactNode } from "react";

import { type ApiProblem, problemOf } from "@/api/problem";
import { useWords } from "@/i18n/words";
import { Icon } from "@/ui/icons";
import { useProblemWords } from "@/ui/problems";
import { Said, useSay } from "@/ui/Said";

import { type ConfigField, configOf, faultOf } from "./config";

interface Props {
  platform: string;
  fields: readonly ConfigField[];
  initial?: Record<string, string>;
  go: string;
  busy: boolean;
  error: unknown;
  onSubmit: (config: Record<string, string>) => void;
  /** Beside the button. */
  children?: ReactNode;
}

/** A form made of what a platform says that it needs. */
export function ConfigForm({ platform, fields, initial = {}, go, busy, error, onSubmit, children }: Props) {
  const { t, known } = useWords();
  const form = useForm<Record<string, string>>({
    mode: "uncontrolled",
    initialValues: Object.fromEntries(fields.map(({ name }) => [name, initial[name] ?? ""])),
    validate: Object.fromEntries(
      fields.map((field) => [
        field.name,
        (entered: string) => {
          const fault = faultOf(field, entered);
          return fault === "config.wrong"
            ? (known(`config.${platform}.${field.name}.wrong`) ?? t(fault))
            : fault && t(fault);
        },
      ]),
    ),
  });
  return (
    <form onSubmit={form.onSubmit((entered) => onSubmit(configOf(entered)))} noValidate>
      <Stack gap="md">
        {fields.map((field) => {
          const Input = field.secret ? PasswordInput : TextInput;
          return (
            <Input
              key={form.key(field.name)}
              label={known(`config.${platform}.${field.name}`) ?? field.title}
              description={known(`config.${platform}.${field.name}.hint`)}
              placeholder={field.placeholder}
              required={field.required}
              withAsterisk={false}
              autoComplete="off"
              spellCheck={false}
              maxLength={field.most}
              {...(field.secret ? { visibilityToggleButtonProps: { "aria-label": t("config.show") } } : {})}
              {...form.getInputProps(field.name)}
            />
          );
        })}
        {error === null ? null : <Refused problem={problemOf(error)} />}
        <Group gap="xs">
          <Button type="submit" loading={busy}>
            {go}
          </Button>
          {children}
        </Group>
      </Stack>
    </form>
  );
}

/** Why it could not be connected; in the shop's or the API's own words where these say more than ours. */
function Refused({ problem }: { problem: ApiProblem }) {
  const { title, remedy } = useProblemWords(problem);
  const said = useSay()(problem.sentence);
  return (
    <Alert color="red" icon={<Icon name="warn" />} title={title} role="alert">
      <Text size="sm">{remedy}</Text>
      {["", title, remedy].includes(said) ? null : (
        <Text size="sm" c="dimmed" mt={4}>
          <Said line={problem.sentence} />
        </Text>
      )}
    </Alert>
  );
}
