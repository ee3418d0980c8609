/** Parts of the settings that admins see. */

import { ApiKeys as Keys } from "@/features/api_keys/ApiKeys";
import { AuditLog as Log } from "@/features/audit/AuditLog";
import { Webhook as OneWebhook } from "@/features/webhook_subscriptions/Webhook";
import { Webhooks as AllWebhooks } from "@/features/webhook_subscriptions/Webhooks";
import { For } from "@/ui/role";

import { SubjectLink } from "./SubjectLink";

export function ApiKeys() {
  return (
    <For least="admin">
      <Keys />
    </For>
  );
}

export function Webhooks() {
  return (
    <For least="admin">
      <AllWebhooks />
    </For>
  );
}

export function Webhook() {
  return (
    <For least="admin">
      <OneWebhook />
    </For>
  );
}

export function AuditLog() {
  return (
    <For least="admin">
      <Log subjectLink={(entry, name) => <SubjectLink entry={entry} name={name} />} />
    </For>
  );
}
