import type { Schemas } from "@/api/client";
import { TextLink } from "@/ui/links";

/** The name of what an entry of the audit log is about: a way to where it is shown, if it is anywhere. */
export function SubjectLink({ entry, name }: { entry: Schemas["AuditEntry"]; name: string }) {
  const [kind, id = ""] = entry.subject.split(":");
  const as = { inherit: true, children: name };
  switch (kind) {
    case "variant":
      return <TextLink to="/stock/$variantId" params={{ variantId: id }} {...as} />;
    case "connection":
      return <TextLink to="/connections/$connectionId" params={{ connectionId: id }} {...as} />;
    case "csv_import":
      return <TextLink to="/imports/$importId" params={{ importId: id }} {...as} />;
    case "run":
      return <TextLink to="/sync/$runId" params={{ runId: id }} {...as} />;
    case "webhook":
      return <TextLink to="/settings/webhooks/$id" params={{ id }} {...as} />;
    case "fulfillment":
      return <TextLink to="/orders/$orderId" params={{ orderId: String(entry.detail["order_id"]) }} {...as} />;
    case "user":
    case "invitation":
      return <TextLink to="/settings/team" {...as} />;
    case "key":
      return <TextLink to="/settings/api-keys" {...as} />;
    case "location":
      return <TextLink to="/settings/account" {...as} />;
    default:
      return name;
  }
}
