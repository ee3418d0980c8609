/** What went wrong, whatever it was: the API's problem document, or that nobody answered. */

import { PartMissing } from "@/i18n/catalog";

import type { components } from "./schema";
import { isRecord, isSaid, type Sentence } from "./sentence";

export type ProblemDocument = components["schemas"]["Problem"];

export class ApiProblem extends Error {
  constructor(
    /** Stable: words and remedies hang on it. */
    readonly code: string,
    readonly status: number,
    detail = "",
    readonly errors: Record<string, unknown> = {},
    /** Seconds after which it may be tried again, where the answer said so. */
    readonly retryAfter: number | null = null,
    /** By which support finds it in the logs. */
    readonly requestId: string | null = null,
    private readonly said: ProblemDocument["said"] = undefined,
    private readonly errorsSaid: Record<string, unknown> = {},
  ) {
    super(detail);
  }

  /** Whether it may be over by itself: worth trying again without anybody doing anything. */
  get passes(): boolean {
    return this.code === "unreachable" || [429, 502, 503, 504].includes(this.status);
  }

  /** What the API says of it. */
  get sentence(): Sentence {
    return { text: this.message, ...this.said };
  }

  /** What is wrong with a field of the body. */
  field(name: string): Sentence | null {
    const text = firstOf(this.errors, name);
    const said = firstOf(this.errorsSaid, name);
    return typeof text === "string" ? { text, ...(isSaid(said) ? said : {}) } : null;
  }
}

export function unreachable(): ApiProblem {
  return new ApiProblem("unreachable", 0);
}

export async function problemFrom(answer: Response): Promise<ApiProblem> {
  const retryAfter = Number(answer.headers.get("Retry-After"));
  const seconds = Number.isFinite(retryAfter) && retryAfter > 0 ? retryAfter : null;
  const requestId = answer.headers.get("X-Request-ID");
  try {
    const found = (await answer.json()) as Partial<ProblemDocument>;
    if (typeof found.code === "string") {
      const { code, detail, errors, said, errors_said } = found;
      return new ApiProblem(code, answer.status, detail, errors, seconds, requestId, said, errors_said);
    }
  } catch {
    // A proxy answered in the API's place.
  }
  return new ApiProblem(answer.status >= 500 ? "unreachable" : "http", answer.status, "", {}, seconds, requestId);
}

/** Errors of queries and mutations are whatever was thrown; a fault of our own code counts as `internal`. */
export function problemOf(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) {
    return error;
  }
  if (error instanceof PartMissing) {
    return unreachable();
  }
  return new ApiProblem("internal", 0, error instanceof Error ? error.message : String(error));
}

function firstOf(errors: Record<string, unknown>, name: string): unknown {
  const fields = errors["json"];
  const found = isRecord(fields) ? fields[name] : undefined;
  return Array.isArray(found) ? (found as unknown[])[0] : undefined;
}
