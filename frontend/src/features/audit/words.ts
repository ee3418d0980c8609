/** Entries in the reader's language. */

import { useCallback } from "react";

import type { Schemas } from "@/api/client";
import type { Key } from "@/i18n/catalog";
import { useWords, type Words } from "@/i18n/words";

type Entry = Schemas["AuditEntry"];

/** The sentence of an action, with gaps for who did it and to what unless they are given; the API's name of an action
 *  that came after this app. */
export function useSentence(): (entry: Pick<Entry, "action" | "detail">) => string {
  const { known } = useWords();
  return useCallback(
    ({ action, detail }) => {
      const role = (name: string) => known(`role.${String(detail[name])}`) ?? String(detail[name]);
      const key = `audit.does.${action}` as const satisfies Key;
      return known(key, { from: role("from"), to: role("to") }) ?? `{who}: ${action}`;
    },
    [known],
  );
}

/** What an action is, whoever did it and to what: "… changed the SKU …". */
export function useSay(): (action: string) => string {
  const { known } = useWords();
  const some = { who: "…", subject: "…", from: "…", to: "…" };
  return (action) => known(`audit.does.${action}`, some) ?? action;
}

/** Its name, now or when it was written down, else its number. */
export function subjectOf(entry: Pick<Entry, "subject" | "subject_name" | "detail">, t: Words["t"]): string {
  const { subject, subject_name, detail } = entry;
  const noted = [subject_name, detail["sku"], detail["title"], detail["email"], detail["name"]];
  const name = noted.find((each) => typeof each === "string" && each !== "");
  return typeof name === "string" ? name : t("audit.number", { id: subject.split(":")[1] ?? subject });
}

export function actorOf({ actor, actor_name }: Pick<Entry, "actor" | "actor_name">, t: Words["t"]): string {
  if (actor === "system") {
    return t("audit.by.system");
  }
  if (actor === "cli" || actor.startsWith("staff:")) {
    return t("audit.by.support");
  }
  if (actor_name === null) {
    return t("audit.by.unknown");
  }
  return actor.startsWith("key:") ? t("audit.by.key", { name: actor_name }) : actor_name;
}
