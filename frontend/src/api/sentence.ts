/** A text of the API, with what it says where it is one that is known. */
export interface Sentence {
  text: string;
  code?: string;
  values?: Record<string, unknown>;
}

export function isSaid(value: unknown): value is Required<Pick<Sentence, "code" | "values">> {
  return isRecord(value) && typeof value["code"] === "string" && isRecord(value["values"]);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
