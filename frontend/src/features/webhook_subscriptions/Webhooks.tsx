import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { api } from "@/api/client";
import { PAGES } from "@/api/pages";
import { useWords } from "@/i18n/words";
import { Icon } from "@/ui/icons";
import { TextLink } from "@/ui/links";
import { PagedList } from "@/ui/PagedList";
import { Secret } from "@/ui/Secret";
import { Section } from "@/ui/Section";
import { Empty } from "@/ui/states";

import { StateBadge } from "./badges";
import { useKindWords } from "./kinds";
import { NOTHING, WebhookForm } from "./WebhookForm";

/** Addresses of the merchant's own that are told of what happens. */
export function Webhooks() {
  const { t } = useWords();
  const kindWords = useKindWords();
  const queries = useQueryClient();
  const [isMaking, setMaking] = useState(false);
  const [secret, setSecret] = useState<string | null>(null);
  const list = api.useInfiniteQuery(
    "get",
    "/api/v1/webhook-subscriptions",
    { params: { query: { limit: 50 } } },
    PAGES,
  );
  const make = api.useMutation("post", "/api/v1/webhook-subscriptions", {
    onSuccess: async (made) => {
      setSecret(made?.secret ?? "");
      await queries.invalidateQueries({ queryKey: ["get", "/api/v1/webhook-subscriptions"] });
    },
  });
  const close = () => {
    setMaking(false);
    setSecret(null);
    make.reset();
  };
  return (
    <Section
      title={t("hooks.title")}
      lead={t("hooks.lead")}
      aside={
        <Button leftSection={<Icon name="plus" />} onClick={() => setMaking(true)}>
          {t("hooks.new")}
        </Button>
      }
    >
      <PagedList
        label={t("hooks.title")}
        query={list}
        itemId={({ id }) => id}
        empty={
          <Empty icon="swap" title={t("hooks.none")}>
            {t("hooks.none.next")}
          </Empty>
        }
      >
        {(hook) => (
          <Group justify="space-between" gap="sm">
            <Stack gap={2} style={{ flex: "1 1 240px" }}>
              <TextLink to="/settings/webhooks/$id" params={{ id: String(hook.id) }} size="sm" fw={600}>
                {hook.url}
              </TextLink>
              <Text size="sm" c="dimmed">
                {hook.description === "" ? null : `${hook.description} · `}
                {hook.kinds.map(kindWords).join(", ")}
              </Text>
            </Stack>
            <StateBadge hook={hook} />
          </Group>
        )}
      </PagedList>
      <Modal
        opened={isMaking}
        onClose={close}
        title={t("hooks.new")}
        closeButtonProps={{ "aria-label": t("action.close") }}
        closeOnClickOutside={false}
        size="lg"
      >
        {secret === null ? (
          <WebhookForm
            given={NOTHING}
            action={t("hooks.make")}
            busy={make.isPending}
            error={make.error}
            onGiven={(body) => make.mutate({ body })}
          />
        ) : (
          <Stack gap="md">
            <Secret label={t("hooks.secret")} value={secret} />
            <Group justify="flex-end">
              <Button onClick={close}>{t("secret.kept")}</Button>
            </Group>
          </Stack>
        )}
      </Modal>
    </Section>
  );
}
