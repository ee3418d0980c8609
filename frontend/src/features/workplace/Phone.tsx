import { Button, Group, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";

import { api } from "@/api/client";
import { useWords } from "@/i18n/words";
import { useTellDone } from "@/ui/done";
import { LeaveGuard } from "@/ui/LeaveGuard";
import { Failed } from "@/ui/states";

interface Props {
  /** As it is kept, or null for none. */
  phone: string | null;
  onSaved: (phone: string | null) => void;
}

/** The number for text messages. People write blanks, dashes and 00: it is kept in E.164. */
export function Phone({ phone, onSaved }: Props) {
  const { t } = useWords();
  const done = useTellDone();
  const form = useForm({
    initialValues: { phone: phone ?? "" },
    validate: { phone: (value) => (value.trim() === "" || numberOf(value) !== null ? null : t("notices.phone.form")) },
  });
  const save = api.useMutation("patch", "/api/v1/notification-preferences", {
    onSuccess: (now) => {
      onSaved(now?.phone ?? null);
      done(t("action.saved"));
    },
  });
  const wanted = numberOf(form.values.phone);
  const isChanged = form.values.phone !== (phone ?? "");
  return (
    <form onSubmit={form.onSubmit(() => save.mutate({ body: { phone: wanted } }))} noValidate>
      {save.isError ? <Failed error={save.error} /> : null}
      <Group gap="sm" align="flex-start">
        <TextInput
          type="tel"
          label={t("notices.phone.number")}
          description={t("notices.phone.hint")}
          autoComplete="tel"
          style={{ flex: "1 1 240px" }}
          maw={420}
          {...form.getInputProps("phone")}
        />
        <Button type="submit" variant="default" loading={save.isPending} disabled={!isChanged}>
          {t("action.save")}
        </Button>
      </Group>
      <LeaveGuard isChanged={isChanged && !save.isPending} />
    </form>
  );
}

/** In E.164, or null where it is none. */
export function numberOf(written: string): string | null {
  const number = written.replace(/[\s()/.-]/g, "").replace(/^00/, "+");
  return /^\+[1-9]\d{6,14}$/.test(number) ? number : null;
}
