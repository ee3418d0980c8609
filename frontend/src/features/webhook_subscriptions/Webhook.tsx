import { Alert, Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";

import { api, client, type Schemas } from "@/api/client";
import { useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";
import { Confirm } from "@/ui/Confirm";
import { useEdited } from "@/ui/editing";
import { Icon } from "@/ui/icons";
import { BackLink } from "@/ui/links";
import { useTellProblem } from "@/ui/notify";
import { Said } from "@/ui/Said";
import { Secret } from "@/ui/Secret";
import { Section } from "@/ui/Section";
import { Failed, Loading } from "@/ui/states";

import { StateBadge } from "./badges";
import { Deliveries } from "./Deliveries";
import { useKindWords } from "./kinds";
import { type Given, WebhookForm } from "./WebhookForm";

type Subscription = Schemas["Subscription"];
type Dialog = "edit" | "secret" | "remove" | null;

const here = getRouteApi("/inside/settings/webhooks/$id");
const LIST = ["get", "/api/v1/webhook-subscriptions"] as const;
const ONE = ["get", "/api/v1/webhook-subscriptions/{subscription_id}"] as const;
const LOG = ["get", "/api/v1/webhook-subscriptions/{subscription_id}/deliveries"] as const;

/** One webhook: how it is, what was sent, and what can be done. */
export function Webhook() {
  const { t } = useWords();
  const id = Number(here.useParams().id);
  const path = { subscription_id: id };
  const hook = api.useQuery("get", "/api/v1/webhook-subscriptions/{subscription_id}", { params: { path } });
  return (
    <Stack gap="lg">
      <BackLink to="/settings/webhooks">{t("hooks.back")}</BackLink>
      {hook.isPending ? <Loading rows={4} /> : null}
      {hook.isError ? <Failed error={hook.error} retry={() => void hook.refetch()} /> : null}
      {hook.data === undefined ? null : (
        <>
          <About hook={hook.data} />
          <Deliveries hook={hook.data} />
        </>
      )}
    </Stack>
  );
}

function About({ hook }: { hook: Subscription }) {
  const { t } = useWords();
  const kindWords = useKindWords();
  const format = useFormat();
  const [dialog, setDialog] = useState<Dialog>(null);
  const close = () => setDialog(null);
  const { saved, change, ping, rotate, remove } = useChanges(close);
  const params = { path: { subscription_id: hook.id } };
  const isOn = hook.state === "active";
  return (
    <Section title={hook.url} lead={hook.description === "" ? undefined : hook.description} aside={<StateBadge hook={hook} />}>
      {hook.state === "disabled" ? (
        <Alert color="red" icon={<Icon name="warn" />} title={t("hooks.disabled")}>
          <Text size="sm">
            <Said line={{ text: hook.state_reason, ...hook.state_reason_said }} />
          </Text>
        </Alert>
      ) : null}
      <Stack gap={2}>
        <Text size="sm">{hook.kinds.map(kindWords).join(", ")}</Text>
        {hook.failing_since === null ? null : (
          <Text size="sm">{t("hooks.failingSince", { at: format.moment(hook.failing_since) })}</Text>
        )}
        {hook.quiet_until === null ? null : (
          <Text size="sm">{t("hooks.quiet", { at: format.moment(hook.quiet_until) })}</Text>
        )}
        {hook.previous_secret_until === null ? null : (
          <Text size="sm">{t("hooks.twoSecrets", { at: format.moment(hook.previous_secret_until) })}</Text>
        )}
      </Stack>
      <Group gap="xs">
        <Button variant="default" loading={ping.isPending} onClick={() => ping.mutate({ params })}>
          {t("hooks.ping")}
        </Button>
        <Button
          variant="default"
          loading={change.isPending}
          onClick={() => change.mutate({ params, body: { state: isOn ? "paused" : "active" } })}
        >
          {t(isOn ? "hooks.pause" : "hooks.activate")}
        </Button>
        <Button
          variant="default"
          onClick={() => setDialog("edit")}
        >
          {t("hooks.edit")}
        </Button>
        <Button variant="default" onClick={() => setDialog("secret")}>
          {t("hooks.rotate")}
        </Button>
        <Button variant="default" c="var(--mantine-color-error)" onClick={() => setDialog("remove")}>
          {t("hooks.remove")}
        </Button>
      </Group>
      <Modal
        opened={dialog === "edit"}
        onClose={close}
        title={t("hooks.edit")}
        closeButtonProps={{ "aria-label": t("action.close") }}
        size="lg"
      >
        <EditWebhook id={hook.id} onSaved={saved} />
      </Modal>
      <Confirm
        opened={dialog === "secret" && rotate.data === undefined}
        title={t("hooks.rotate")}
        action={t("hooks.rotate.go")}
        busy={rotate.isPending}
        danger
        onConfirm={() => rotate.mutate({ params })}
        onClose={close}
      >
        <Text size="sm">{t("hooks.rotate.sure")}</Text>
      </Confirm>
      <Modal
        opened={rotate.data !== undefined}
        onClose={() => {
          close();
          rotate.reset();
        }}
        title={t("hooks.secret")}
        closeButtonProps={{ "aria-label": t("action.close") }}
        closeOnClickOutside={false}
        centered
      >
        <Secret label={t("hooks.secret")} value={rotate.data?.secret ?? ""} />
      </Modal>
      <Confirm
        opened={dialog === "remove"}
        title={t("hooks.remove")}
        action={t("hooks.remove")}
        busy={remove.isPending}
        danger
        onConfirm={() => remove.mutate({ params })}
        onClose={close}
      >
        <Text size="sm">{t("hooks.remove.sure")}</Text>
      </Confirm>
    </Section>
  );
}

/** Where it is sent, and of what it tells. */
function EditWebhook({ id, onSaved }: { id: number; onSaved: () => Promise<void> }) {
  const { t } = useWords();
  const params = { path: { subscription_id: id } };
  const { found, save } = useEdited({
    key: ["webhook-fields", id],
    read: (signal) => client.GET("/api/v1/webhook-subscriptions/{subscription_id}", { params, signal }),
    write: (body: Given, headers) =>
      client.PATCH("/api/v1/webhook-subscriptions/{subscription_id}", { params, headers, body }),
    onSaved,
  });
  if (found.isPending) {
    return <Loading rows={4} />;
  }
  if (found.data === undefined) {
    return <Failed error={found.error} retry={() => void found.refetch()} retrying={found.isFetching} />;
  }
  const { url, description, kinds } = found.data.data;
  return (
    <WebhookForm
      given={{ url, description, kinds }}
      action={t("action.save")}
      busy={save.isPending}
      error={save.error}
      onGiven={(given) => save.mutate(given)}
    />
  );
}

function useChanges(close: () => void) {
  const queries = useQueryClient();
  const tell = useTellProblem();
  const navigate = here.useNavigate();
  const look = () =>
    Promise.all([LIST, ONE, LOG].map((queryKey) => queries.invalidateQueries({ queryKey })));
  return {
    saved: async () => {
      close();
      await look();
    },
    change: api.useMutation("patch", "/api/v1/webhook-subscriptions/{subscription_id}", {
      onSuccess: look,
      onError: tell,
    }),
    ping: api.useMutation("post", "/api/v1/webhook-subscriptions/{subscription_id}/ping", {
      onSuccess: look,
      onError: tell,
    }),
    rotate: api.useMutation("post", "/api/v1/webhook-subscriptions/{subscription_id}/secret", {
      onSuccess: look,
      onError: tell,
    }),
    remove: api.useMutation("delete", "/api/v1/webhook-subscriptions/{subscription_id}", {
      onSuccess: async () => {
        close();
        await navigate({ to: "/settings/webhooks" });
        await queries.invalidateQueries({ queryKey: LIST });
      },
      onError: tell,
    }),
  };
}
