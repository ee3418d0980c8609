/** The API as tests need it: `server.use(...)` says what it answers. */

import { http, HttpResponse } from "msw";
import { setupServer } from "msw/node";

export const server = setupServer();

type Method = "get" | "post" | "put" | "patch" | "delete";

/** The API answers `document` on a path below /api/v1. */
export function answers(method: Method, path: string, document: object | null, status = 200) {
  return http[method](`*/api/v1${path}`, () =>
    document === null ? new HttpResponse(null, { status: 204 }) : HttpResponse.json(document, { status }),
  );
}

/** The API refuses, by a problem document. */
export function refuses(
  method: Method,
  path: string,
  status: number,
  code: string,
  headers: Record<string, string> = {},
) {
  const problem = { type: "about:blank", status, code, detail: `Refused: ${code}` };
  return http[method](`*/api/v1${path}`, () => HttpResponse.json(problem, { status, headers }));
}
