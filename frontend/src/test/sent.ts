import { http, HttpResponse } from "msw";

import { server } from "./server";

export interface Sent {
  /** Method and path below /api/v1. */
  what: string;
  body: unknown;
  headers: Headers;
}

/** Takes what is sent to these paths by anything but GET, answers `document`, and keeps it in order. */
export function takes(answers: Record<string, object | null>): Sent[] {
  const sent: Sent[] = [];
  for (const [what, document] of Object.entries(answers)) {
    const [method, path] = what.split(" ") as ["post" | "put" | "patch" | "delete", string];
    server.use(
      http[method](`*/api/v1${path}`, async ({ request }) => {
        const text = await request.text();
        const at = new URL(request.url).pathname.replace("/api/v1", "");
        sent.push({ what: `${method} ${at}`, body: text === "" ? null : JSON.parse(text), headers: request.headers });
        return document === null ? new HttpResponse(null, { status: 204 }) : HttpResponse.json(document);
      }),
    );
  }
  return sent;
}
