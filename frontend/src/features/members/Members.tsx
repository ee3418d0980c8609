import { Badge, Button, Group, Select, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api, client, type Schemas } from "@/api/client";
import { PAGES } from "@/api/pages";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { Confirm } from "@/ui/Confirm";
import { changeAsShown } from "@/ui/editing";
import { useTellProblem } from "@/ui/notify";
import { PagedList } from "@/ui/PagedList";
import { isAtLeast, type Role, rolesUpTo } from "@/ui/role";
import { Section } from "@/ui/Section";

type Member = Schemas["Member"];
type Step = { kind: "remove" | "owner"; member: Member } | { kind: "leave" } | null;

interface Props {
  me: { user_id: number; role: Role; account_name: string };
  /** Once one belongs to the account no more. */
  onLeft: () => void;
}

/** Who belongs to the account, in which role. */
export function Members({ me, onLeft }: Props) {
  const { t } = useWords();
  const format = useFormat();
  const tell = useTellProblem();
  const queries = useQueryClient();
  const [step, setStep] = useState<Step>(null);
  const list = api.useInfiniteQuery("get", "/api/v1/members", { params: { query: { limit: 50 } } }, PAGES);
  const done = async () => {
    setStep(null);
    await queries.invalidateQueries({ queryKey: ["get", "/api/v1/members"] });
    await queries.invalidateQueries({ queryKey: ["get", "/api/v1/me"] });
  };
  const handlers = { onSuccess: done, onError: tell };
  const change = useMutation({
    mutationFn: ({ member, role }: { member: Member; role: Role }) => {
      const params = { path: { user_id: member.user_id } };
      return changeAsShown({
        read: () => client.GET("/api/v1/members/{user_id}", { params }),
        isAsShown: (now) => now.role === member.role,
        write: (headers) => client.PATCH("/api/v1/members/{user_id}", { params, headers, body: { role } }),
      });
    },
    onSuccess: done,
    onError: (error) => {
      tell(error);
      void done();
    },
  });
  const remove = api.useMutation("delete", "/api/v1/members/{user_id}", handlers);
  const transfer = api.useMutation("post", "/api/v1/account/transfer-ownership", handlers);
  const leave = api.useMutation("post", "/api/v1/account/leave", { onSuccess: onLeft, onError: tell });
  const canManage = isAtLeast(me.role, "admin");
  return (
    <Section
      title={t("members.title")}
      lead={t("members.lead")}
      aside={
        <Button variant="default" onClick={() => setStep({ kind: "leave" })}>
          {t("members.leave")}
        </Button>
      }
    >
      <PagedList label={t("members.title")} query={list} itemId={(each) => each.user_id} empty={null}>
        {(member) => {
          const isMe = member.user_id === me.user_id;
          const isBelow = isAtLeast(me.role, member.role);
          return (
            <Group justify="space-between" gap="sm">
              <Stack gap={0} style={{ flex: "1 1 220px" }}>
                <Group gap="xs">
                  <Text size="sm" fw={600}>
                    {member.email}
                  </Text>
                  {isMe ? (
                    <Badge variant="default" tt="none">
                      {t("members.you")}
                    </Badge>
                  ) : null}
                </Group>
                <Text size="sm" c="dimmed">
                  {t("members.joined", { at: format.moment(member.joined_at, { dateStyle: "medium" }) })}
                </Text>
              </Stack>
              {canManage && isBelow ? (
                <Group gap="xs">
                  <Select
                    aria-label={t("members.role.of", { email: member.email })}
                    w={130}
                    data={rolesUpTo(me.role).map((role) => ({ value: role, label: t(`role.${role}`) }))}
                    value={member.role}
                    allowDeselect={false}
                    disabled={change.isPending}
                    onChange={(role) =>
                      role === null || role === member.role
                        ? undefined
                        : change.mutate({ member, role: role as Role })
                    }
                  />
                  {me.role === "owner" && !isMe ? (
                    <Button
                      variant="default"
                      aria-label={t("members.owner.of", { email: member.email })}
                      onClick={() => setStep({ kind: "owner", member })}
                    >
                      {t("members.owner")}
                    </Button>
                  ) : null}
                  {isMe ? null : (
                    <Button
                      variant="default"
                      aria-label={t("members.remove.of", { email: member.email })}
                      onClick={() => setStep({ kind: "remove", member })}
                    >
                      {t("members.remove")}
                    </Button>
                  )}
                </Group>
              ) : (
                <Text size="sm">{t(`role.${member.role}`)}</Text>
              )}
            </Group>
          );
        }}
      </PagedList>
      <Confirm
        opened={step?.kind === "remove"}
        title={t("members.remove.title")}
        action={t("members.remove")}
        busy={remove.isPending}
        danger
        onConfirm={() =>
          step?.kind === "remove" ? remove.mutate({ params: { path: { user_id: step.member.user_id } } }) : undefined
        }
        onClose={() => setStep(null)}
      >
        <Text size="sm">{step?.kind === "remove" ? t("members.remove.sure", { email: step.member.email }) : null}</Text>
      </Confirm>
      <Confirm
        opened={step?.kind === "owner"}
        title={t("members.owner")}
        action={t("members.owner")}
        busy={transfer.isPending}
        danger
        onConfirm={() =>
          step?.kind === "owner" ? transfer.mutate({ body: { user_id: step.member.user_id } }) : undefined
        }
        onClose={() => setStep(null)}
      >
        <Text size="sm">{step?.kind === "owner" ? t("members.owner.sure", { email: step.member.email }) : null}</Text>
      </Confirm>
      <Confirm
        opened={step?.kind === "leave"}
        title={t("members.leave")}
        action={t("members.leave")}
        busy={leave.isPending}
        danger
        onConfirm={() => leave.mutate({})}
        onClose={() => setStep(null)}
      >
        <Text size="sm">{t("members.leave.sure", { account: me.account_name })}</Text>
      </Confirm>
    </Section>
  );
}
