/** An integrator's first steps with the generated types: docs/api.md tells the same with curl. */

import createClient from "openapi-fetch";

import type { components, paths } from "../src/api/schema";

type Problem = components["schemas"]["Problem"];
type Stock = components["schemas"]["Stock"];

/** What the API refused, as an exception; `problem.code` is stable. */
export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

/** The data of an answer, or its problem thrown. */
function taken<T>(answer: { data?: T; error?: Problem }): T {
  if (answer.data === undefined) {
    throw new Refused(answer.error ?? { type: "about:blank", status: 0, code: "no_answer", detail: "" });
  }
  return answer.data;
}

export async function signIn(baseUrl: string, email: string, password: string) {
  const client = createClient<paths>({ baseUrl });
  const { access_token } = taken(await client.POST("/api/v1/auth/login", { body: { email, password } }));
  client.use({
    onRequest: ({ request }) => request.headers.set("Authorization", `Bearer ${access_token}`),
  });
  return client;
}

type Client = Awaited<ReturnType<typeof signIn>>;

/** All variants, a page at a time. */
export async function* allStock(client: Client): AsyncGenerator<Stock> {
  let cursor: string | undefined;
  do {
    const page = taken(await client.GET("/api/v1/stock", { params: { query: { limit: 250, cursor } } }));
    yield* page.items;
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
}

/** Take broken units off the shelf; how many are on it then. Safe to repeat: the key says which call it is. */
export async function takeOffBroken(client: Client, stock: Stock, units: number, key: string) {
  const level = stock.levels[0];
  if (level === undefined) {
    return 0;
  }
  const answer = await client.POST("/api/v1/stock/adjustments", {
    body: {
      variant_id: stock.variant_id,
      location_id: level.location_id,
      delta: -units,
      reason: "damaged",
      key,
    },
  });
  switch (answer.error?.code) {
    case "not_found":
      return 0; // it is gone since the list was read
    default:
      return taken(answer).movements[0]?.on_hand_after ?? level.on_hand;
  }
}
