import { Badge, Button, Group, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api, client, type Schemas } from "@/api/client";
import { PAGES } from "@/api/pages";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { Confirm } from "@/ui/Confirm";
import { Ago } from "@/ui/Ago";
import { useTellProblem } from "@/ui/notify";
import { PagedList } from "@/ui/PagedList";
import { Section } from "@/ui/Section";

interface Props {
  /** Ends this session, here as well. */
  signOut: () => Promise<void>;
}

/** Where one is signed in, and the way out of each. */
export function Sessions({ signOut }: Props) {
  const { t } = useWords();
  const format = useFormat();
  const nameOf = ({ program, system }: Schemas["Session"]) =>
    program !== "" && system !== ""
      ? t("sessions.device", { program, system })
      : program || system || t("sessions.device.unknown");
  const tell = useTellProblem();
  const queries = useQueryClient();
  const [asks, setAsks] = useState(false);
  const list = api.useInfiniteQuery("get", "/api/v1/auth/sessions", { params: { query: { limit: 50 } } }, PAGES);
  const end = api.useMutation("delete", "/api/v1/auth/sessions/{session_id}", {
    onSuccess: () => queries.invalidateQueries({ queryKey: ["get", "/api/v1/auth/sessions"] }),
    onError: tell,
  });
  const endAll = useMutation({
    mutationFn: async () => {
      await client.POST("/api/v1/auth/logout-everywhere");
      await signOut();
    },
    onError: tell,
  });
  return (
    <Section
      title={t("sessions.title")}
      lead={t("sessions.lead")}
      aside={
        <Button variant="default" onClick={() => setAsks(true)}>
          {t("sessions.endAll")}
        </Button>
      }
    >
      <PagedList label={t("sessions.title")} query={list} itemId={({ id }) => id} empty={null}>
        {(one) => (
          <Group justify="space-between" gap="sm">
            <Stack gap={0} style={{ flex: "1 1 220px" }}>
              <Group gap="xs">
                <Text size="sm" fw={600}>
                  {nameOf(one)}
                </Text>
                {one.current ? (
                  <Badge variant="default" tt="none">
                    {t("sessions.this")}
                  </Badge>
                ) : null}
              </Group>
              <Text size="sm" c="dimmed" component="div">
                {one.address} · {t("sessions.used")} <Ago at={one.last_used_at} /> ·{" "}
                {t("sessions.since", { at: format.moment(one.created_at) })}
              </Text>
            </Stack>
            {one.current ? null : (
              <Button
                variant="default"
                size="xs"
                aria-label={t("sessions.end.of", { device: nameOf(one) })}
                loading={end.isPending && end.variables.params.path.session_id === one.id}
                onClick={() => end.mutate({ params: { path: { session_id: one.id } } })}
              >
                {t("sessions.end")}
              </Button>
            )}
          </Group>
        )}
      </PagedList>
      <Confirm
        opened={asks}
        title={t("sessions.endAll")}
        action={t("sessions.endAll")}
        busy={endAll.isPending}
        danger
        onConfirm={() => endAll.mutate()}
        onClose={() => setAsks(false)}
      >
        <Text size="sm">{t("sessions.endAll.sure")}</Text>
      </Confirm>
    </Section>
  );
}
