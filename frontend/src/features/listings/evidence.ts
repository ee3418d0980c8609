/** What speaks for a suggestion, and against it. */

import type { Schemas } from "@/api/client";

export type Suggestion = Schemas["Suggestion"];
export type Candidate = Schemas["Candidate"];

const SURE_FROM = 0.9;

/** Whether it may be ticked together with others: the titles are all but the same, nothing else is as like, and
 *  no other listing of the shop is that variant. */
export function isSure({ candidates: [first, second] }: Suggestion): boolean {
  return (
    first !== undefined &&
    first.likeness >= SURE_FROM &&
    !first.listed_here &&
    (second === undefined || second.likeness < first.likeness)
  );
}

export interface Piece {
  text: string;
  /** Whether the other title has no such word. */
  differs: boolean;
}

/** A title in pieces, by whether the other one has the same words. */
export function compared(title: string, other: string): Piece[] {
  const there = new Set(words(other).map(alike));
  return title
    .split(/([\p{L}\p{N}]+)/u)
    .filter((text) => text !== "")
    .map((text) => ({ text, differs: /[\p{L}\p{N}]/u.test(text) && !there.has(alike(text)) }));
}

function words(title: string): string[] {
  return title.match(/[\p{L}\p{N}]+/gu) ?? [];
}

function alike(word: string): string {
  return word.normalize("NFKC").toLowerCase();
}
