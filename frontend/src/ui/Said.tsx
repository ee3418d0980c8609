import { useCallback } from "react";

import { isSaid, type Sentence } from "@/api/sentence";
import { type Format, useFormat } from "@/i18n/format";
import { useWords } from "@/i18n/words";

type Known = ReturnType<typeof useWords>["known"];

/** What the API tells: in the language of the reader, or in its own English for what is new. */
export function Said({ line }: { line: Sentence }) {
  const { known } = useWords();
  const words = inWords(line, known, useFormat());
  return words === null ? <span lang="en">{line.text}</span> : words;
}

export type Say = (line: Sentence) => string;

/** The same where only a text will do. */
export function useSay(): Say {
  const { known } = useWords();
  const format = useFormat();
  return useCallback((line) => inWords(line, known, format) ?? line.text, [known, format]);
}

function inWords({ code, values = {} }: Sentence, known: Known, format: Format): string | null {
  if (code === undefined) {
    return null;
  }
  const plain: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(values)) {
    if (typeof value === "number") {
      plain[name] = name.endsWith("change") ? format.number(value, { signDisplay: "always" }) : value;
    } else if (typeof value === "string") {
      const said = values[`${name}_said`];
      plain[name] = (isSaid(said) ? inWords({ text: value, ...said }, known, format) : null) ?? value;
    }
  }
  const { order, reason, progress, state, payment, refunded_minor, currency, note, place } = values;
  const parts = [
    plain["on_hand_change"] === undefined ? null : known("said.onHand", { change: plain["on_hand_change"] }),
    plain["reserved_change"] === undefined ? null : known("said.inOrders", { change: plain["reserved_change"] }),
  ];
  const words = known(`said.${code}`, {
    ...plain,
    of_order: known(order === undefined ? "said.anOrder" : "said.order", plain) ?? "",
    deltas: parts.filter((each) => each !== null).join(", "),
    shop: plain["shop"] ?? "",
    reason: known(`stock.reason.${String(reason)}`) ?? String(reason),
    progress: known(`said.progress.${String(progress)}`) ?? String(progress),
    state: known(`order.state.${String(state)}`) ?? String(state),
    payment: known(`order.payment.${String(payment)}`) ?? String(payment),
    refunded:
      typeof refunded_minor === "number" && typeof currency === "string" ? format.money(refunded_minor, currency) : "",
  });
  if (words === null) {
    return null;
  }
  return `${words}${typeof note === "string" ? `: ${note}` : ""}${typeof place === "string" ? ` (${place})` : ""}`;
}
