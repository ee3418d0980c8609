import { Badge, Button, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQueryClient } from "@tanstack/react-query";

import { api } from "@/api/client";
import { PAGES } from "@/api/pages";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { useTellProblem } from "@/ui/notify";
import { PagedList } from "@/ui/PagedList";
import { isAddress } from "@/ui/passwords";
import { type Role, rolesUpTo } from "@/ui/role";
import { Section } from "@/ui/Section";
import { Failed } from "@/ui/states";

/** Asking people in, and who has not come yet. */
export function Invitations({ role }: { role: Role }) {
  const { t } = useWords();
  const format = useFormat();
  const tell = useTellProblem();
  const queries = useQueryClient();
  const list = api.useInfiniteQuery("get", "/api/v1/invitations", { params: { query: { limit: 50 } } }, PAGES);
  const look = () => queries.invalidateQueries({ queryKey: ["get", "/api/v1/invitations"] });
  const again = api.useMutation("post", "/api/v1/invitations/{invitation_id}/resend", {
    onSuccess: look,
    onError: tell,
  });
  const revoke = api.useMutation("delete", "/api/v1/invitations/{invitation_id}", {
    onSuccess: look,
    onError: tell,
  });
  return (
    <Section title={t("invitations.title")} lead={t("invitations.lead")}>
      <Invite role={role} onInvited={look} />
      <PagedList
        label={t("invitations.title")}
        query={list}
        itemId={({ id }) => id}
        empty={
          <Text size="sm" c="dimmed">
            {t("invitations.none")}
          </Text>
        }
      >
        {(one) => (
          <Group justify="space-between" gap="sm">
            <Stack gap={0} style={{ flex: "1 1 220px" }}>
              <Group gap="xs">
                <Text size="sm" fw={600}>
                  {one.email}
                </Text>
                <Badge variant="default" tt="none">
                  {t(`role.${one.role as Role}`)}
                </Badge>
              </Group>
              <Text size="sm" c="dimmed">
                {one.expired
                  ? t("invitations.expired", { at: format.moment(one.expires_at) })
                  : t("invitations.until", { at: format.moment(one.expires_at) })}
              </Text>
            </Stack>
            <Group gap="xs">
              <Button
                variant="default"
                size="xs"
                aria-label={t("invitations.again.of", { email: one.email })}
                loading={again.isPending && again.variables.params.path.invitation_id === one.id}
                onClick={() => again.mutate({ params: { path: { invitation_id: one.id } } })}
              >
                {t("invitations.again")}
              </Button>
              <Button
                variant="default"
                size="xs"
                aria-label={t("invitations.revoke.of", { email: one.email })}
                loading={revoke.isPending && revoke.variables.params.path.invitation_id === one.id}
                onClick={() => revoke.mutate({ params: { path: { invitation_id: one.id } } })}
              >
                {t("invitations.revoke")}
              </Button>
            </Group>
          </Group>
        )}
      </PagedList>
    </Section>
  );
}

function Invite({ role, onInvited }: { role: Role; onInvited: () => Promise<void> }) {
  const { t } = useWords();
  const form = useForm({
    initialValues: { email: "", role: "staff" as Role },
    validate: { email: (value) => (isAddress(value.trim()) ? null : t("form.email")) },
  });
  const invite = api.useMutation("post", "/api/v1/invitations", {
    onSuccess: async () => {
      form.reset();
      await onInvited();
    },
  });
  return (
    <form
      onSubmit={form.onSubmit((given) =>
        invite.mutate({ body: { email: given.email.trim(), role: given.role } }),
      )}
      noValidate
    >
      <Stack gap="sm">
        {invite.isError ? <Failed error={invite.error} /> : null}
        <Group align="flex-start" gap="sm">
          <TextInput
            label={t("field.email")}
            type="email"
            autoComplete="off"
            style={{ flex: "1 1 240px" }}
            {...form.getInputProps("email")}
          />
          <Select
            label={t("members.role")}
            w={140}
            data={rolesUpTo(role).map((each) => ({ value: each, label: t(`role.${each}`) }))}
            allowDeselect={false}
            {...form.getInputProps("role")}
          />
          <Button type="submit" mt={25} loading={invite.isPending}>
            {t("invitations.go")}
          </Button>
        </Group>
        <Text size="sm" c="dimmed">
          {t(`role.${form.values.role}.may`)}
        </Text>
      </Stack>
    </form>
  );
}
