import { Badge, Button, Code, Group, Modal, Stack, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api, type Schemas } from "@/api/client";
import { PAGES } from "@/api/pages";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { Confirm } from "@/ui/Confirm";
import { Ago } from "@/ui/Ago";
import { Icon } from "@/ui/icons";
import { useTellProblem } from "@/ui/notify";
import { PagedList } from "@/ui/PagedList";
import { Secret } from "@/ui/Secret";
import { Section } from "@/ui/Section";
import { Empty } from "@/ui/states";

import { NewKey } from "./NewKey";

type ApiKey = Schemas["ApiKey"];

/** Keys by which programs use the API. A secret is shown when it is made, and never again. */
export function ApiKeys() {
  const { t } = useWords();
  const tell = useTellProblem();
  const queries = useQueryClient();
  const [isMaking, setMaking] = useState(false);
  const [secret, setSecret] = useState<string | null>(null);
  const [revoking, setRevoking] = useState<ApiKey | null>(null);
  const list = api.useInfiniteQuery("get", "/api/v1/api-keys", { params: { query: { limit: 50 } } }, PAGES);
  const look = () => queries.invalidateQueries({ queryKey: ["get", "/api/v1/api-keys"] });
  const revoke = api.useMutation("delete", "/api/v1/api-keys/{key_id}", {
    onSuccess: look,
    onError: tell,
    onSettled: () => setRevoking(null),
  });
  const close = () => {
    setMaking(false);
    setSecret(null);
  };
  const make = (
    <Button leftSection={<Icon name="plus" />} onClick={() => setMaking(true)}>
      {t("keys.new")}
    </Button>
  );
  return (
    <Section title={t("keys.title")} lead={t("keys.lead")} aside={make}>
      <PagedList
        label={t("keys.title")}
        query={list}
        itemId={({ id }) => id}
        empty={
          <Empty icon="key" title={t("keys.none")}>
            {t("keys.none.next")}
          </Empty>
        }
      >
        {(key) => <KeyRow item={key} onRevoke={() => setRevoking(key)} />}
      </PagedList>
      <Modal
        opened={isMaking}
        onClose={close}
        title={t("keys.new")}
        closeButtonProps={{ "aria-label": t("action.close") }}
        closeOnClickOutside={false}
        size="lg"
      >
        {secret === null ? (
          <NewKey
            onMade={(made) => {
              setSecret(made);
              void look();
            }}
          />
        ) : (
          <Stack gap="md">
            <Secret label={t("keys.secret")} value={secret} />
            <Group justify="flex-end">
              <Button onClick={close}>{t("secret.kept")}</Button>
            </Group>
          </Stack>
        )}
      </Modal>
      <Confirm
        opened={revoking !== null}
        title={t("keys.revoke")}
        action={t("keys.revoke")}
        busy={revoke.isPending}
        danger
        onConfirm={() => (revoking === null ? undefined : revoke.mutate({ params: { path: { key_id: revoking.id } } }))}
        onClose={() => setRevoking(null)}
      >
        <Text size="sm">{t("keys.revoke.sure", { name: revoking?.name ?? "" })}</Text>
      </Confirm>
    </Section>
  );
}

function KeyRow({ item, onRevoke }: { item: ApiKey; onRevoke: () => void }) {
  const { t } = useWords();
  const format = useFormat();
  const day = (at: string) => format.moment(at, { dateStyle: "medium" });
  const isOver = item.expires_at !== null && new Date(item.expires_at) < new Date();
  return (
    <Group justify="space-between" gap="sm" align="flex-start">
      <Stack gap={2} style={{ flex: "1 1 240px" }}>
        <Group gap="xs">
          <Text size="sm" fw={600}>
            {item.name}
          </Text>
          <Code>{item.prefix}…</Code>
          {item.revoked_at !== null ? (
            <Badge variant="default" tt="none">
              {t("keys.revoked")}
            </Badge>
          ) : isOver ? (
            <Badge variant="default" tt="none">
              {t("keys.over")}
            </Badge>
          ) : null}
        </Group>
        <Text size="sm" c="dimmed" component="div">
          {t("keys.made", { at: day(item.created_at), who: item.made_by ?? "–" })} ·{" "}
          {item.expires_at === null ? t("keys.forever") : t("keys.until", { at: day(item.expires_at) })} ·{" "}
          {item.last_used_at === null ? (
            t("keys.unused")
          ) : (
            <>
              {t("keys.used")} <Ago at={item.last_used_at} />
            </>
          )}
        </Text>
        <Text size="xs" c="dimmed">
          {item.scopes.join(", ")}
        </Text>
      </Stack>
      {item.revoked_at === null ? (
        <Button variant="default" size="xs" aria-label={t("keys.revoke.of", { name: item.name })} onClick={onRevoke}>
          {t("keys.revoke")}
        </Button>
      ) : null}
    </Group>
  );
}
