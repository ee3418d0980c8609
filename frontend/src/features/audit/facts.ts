/** What an entry's details say, in words: what is not named here is only to be read as it was written down. */

import type { Schemas } from "@/api/client";
import { isRecord } from "@/api/sentence";
import type { Key } from "@/i18n/catalog";
import { type Format, useFormat } from "@/i18n/format";
import { useWords, type Words } from "@/i18n/words";
import { writtenExactly } from "@/ui/numbers";

type Entry = Schemas["AuditEntry"];
type Names = Record<string, Key>;
type Detail = Entry["detail"];

export interface Fact {
  label: string;
  value: string;
}

const THRESHOLD: Names = { threshold: "stock.threshold" };
const PUBLISHING: Names = { share_percent: "rules.share", buffer: "rules.buffer", cap: "rules.cap" };
const INVITED: Names = { role: "members.role" };
const WAS: Names = { from: "audit.fact.was" };
const WHY: Names = { reason: "audit.fact.reason" };
const UNITS: Names = { units: "audit.fact.units" };
const MOVED: Names = { ...WHY, variants: "audit.fact.skus", ...UNITS };
const LISTINGS: Names = { variants: "listed.title" };
const LETTERS: Names = { ...WHY, letters: "audit.fact.letters" };
const VARIANT: Names = {
  title: "imports.field.title",
  sku: "imports.field.sku",
  barcode: "imports.field.barcode",
  price_minor: "imports.field.price_minor",
  unit_cost_minor: "imports.field.unit_cost_minor",
  low_stock_threshold: "imports.field.low_stock_threshold",
};

const FACTS: Partial<Record<Entry["action"], Names>> = {
  "account.deletion_asked": { delete_at: "audit.fact.delete_at" },
  "account.low_stock_threshold": THRESHOLD,
  "account.renamed": { name: "form.name" },
  "account.reporting": { time_zone: "audit.fact.time_zone", currency: "audit.fact.currency" },
  "account.safety_stock": UNITS,
  "api_key.created": { scopes: "keys.scopes" },
  "bundle.defined": { components: "audit.fact.components" },
  "connection.configured": {
    name: "form.name",
    drift_policy: "rules.policy",
    brake_percent: "rules.brake",
    ...PUBLISHING,
  },
  "connection.first_sync_approved": { source: "audit.fact.source" },
  "dead_letter.discarded": LETTERS,
  "dead_letter.many_replayed": LETTERS,
  "dead_letter.replayed": LETTERS,
  "flag.switched_off": WHY,
  "flag.switched_on": WHY,
  "import.applied": {
    applied: "audit.fact.applied",
    creates: "audit.fact.creates",
    changes: "audit.fact.changes",
    faulty: "audit.fact.faulty",
  },
  "import.begun": { skip_faulty: "audit.fact.skip_faulty" },
  "invitation.revoked": INVITED,
  "invitation.sent": INVITED,
  "invitation.sent_again": INVITED,
  "listing.configured": {
    paused: "listed.edit.paused",
    factor: "listed.edit.pack",
    fixed_quantity: "listed.edit.fixed",
    ...PUBLISHING,
  },
  "listings.linked": LISTINGS,
  "listings.reopened": LISTINGS,
  "listings.unlinked": LISTINGS,
  "location.renamed": { name: "form.name" },
  "member.joined": INVITED,
  "member.left": WAS,
  "member.removed": WAS,
  "price.decided": { choice: "audit.fact.choice", shop_minor: "listed.price.shop" },
  "price.fixed": { override_minor: "listed.price" },
  "prices.rule_set": { factor: "prices.factor", rounding: "prices.rounding", direction: "prices.direction" },
  "prices.set": { variants: "audit.fact.skus" },
  "privacy.data_request": { orders: "audit.fact.orders" },
  "privacy.redact_customer": { orders: "audit.fact.orders" },
  "review.resolved": { choice: "audit.fact.choice", quantity: "audit.fact.quantity" },
  "session.all_ended": { sessions: "audit.fact.sessions" },
  "stock.adjustment": MOVED,
  "stock.receipt": MOVED,
  "stock.transfer": { variants: "audit.fact.skus", ...UNITS },
  "stock.undone": { movements: "audit.fact.movements" },
  "stock_count.recorded": { numbers: "audit.fact.numbers" },
  "support.event_processed_again": WHY,
  "support.event_shown": WHY,
  "support.sync_asked": WHY,
  "support.visit_begun": { ...WHY, minutes: "audit.fact.minutes" },
  "support.webhooks_asked": WHY,
  "variant.changed": VARIANT,
  "variant.threshold_set": THRESHOLD,
  "webhook.changed": { kinds: "hooks.kinds", state: "audit.fact.state" },
  "webhook.created": { kinds: "hooks.kinds" },
  "webhook.replayed": { deliveries: "audit.fact.deliveries" },
};

/** Keys of words for what the API names. */
const WORDS: Record<string, (value: string) => string> = {
  role: (value) => `role.${value}`,
  from: (value) => `role.${value}`,
  reason: (value) => `stock.reason.${value}`,
  source: (value) => `firstSync.source.${value}`,
  choice: (value) => `audit.choice.${value}`,
  drift_policy: (value) => `rules.policy.${value}`,
  rounding: (value) => `prices.rounding.${value}`,
  direction: (value) => `prices.direction.${value}`,
  state: (value) => `hooks.state.${value}`,
};

export function useFacts(): (entry: Entry) => Fact[] {
  const words = useWords();
  const format = useFormat();
  return ({ action, detail }) => {
    const changes = isRecord(detail["changes"]) ? detail["changes"] : {};
    return Object.entries(FACTS[action] ?? {}).flatMap(([name, label]) => {
      const value = name in changes ? changeOf(name, detail, changes) : valueOf(name, detail[name], detail["currency"]);
      return value === null ? [] : [{ label: words.t(label), value }];
    });
  };

  function changeOf(name: string, detail: Detail, changes: Detail): string | null {
    const change = changes[name];
    const money = changes["currency"];
    const currency = (index: number) => (Array.isArray(money) ? (money[index] as unknown) : detail["currency"]);
    if (!Array.isArray(change)) {
      return null;
    }
    const before = valueOf(name, change[0], currency(0));
    const after = valueOf(name, change[1], currency(1));
    return before === null || after === null ? null : `${before} → ${after}`;
  }

  function valueOf(name: string, value: unknown, currency: unknown): string | null {
    return inWords(name, value, currency, words, format);
  }
}

/** null for what cannot be said, or was not noted. What has no name here is counted. */
function inWords(name: string, value: unknown, currency: unknown, words: Words, format: Format): string | null {
  const { t, known, locale } = words;
  if (value === undefined) {
    return null;
  }
  if (name === "threshold" && value === null) {
    return t("stock.threshold.usual");
  }
  if (name === "override_minor" && value === null) {
    return t("listed.price.byRule");
  }
  if (value === null || value === "") {
    return t("audit.nothing");
  }
  if (typeof value === "boolean") {
    return t(value ? "audit.yes" : "audit.no");
  }
  if (typeof value === "number") {
    if (name.endsWith("_minor")) {
      return typeof currency === "string" && currency !== "" ? format.money(value, currency) : null;
    }
    return format.number(value, name === "quantity" ? { signDisplay: "always" } : undefined);
  }
  if (typeof value === "string") {
    switch (name) {
      case "delete_at":
        return format.moment(value);
      case "factor":
        return writtenExactly(value, locale);
      default:
        return known(WORDS[name]?.(value) ?? "") ?? value;
    }
  }
  if (name === "scopes" && Array.isArray(value)) {
    return value.map((scope) => scopeInWords(String(scope), known)).join(", ");
  }
  if (name === "kinds" && Array.isArray(value)) {
    return value.join(", ");
  }
  return format.number(Object.keys(value).length);
}

function scopeInWords(scope: string, known: Words["known"]): string {
  const [subject = "", may = ""] = scope.split(":");
  return `${known(`scope.${subject}`) ?? subject}: ${known(`keys.scopes.${may}`) ?? may}`;
}
