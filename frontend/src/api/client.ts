/** The API, typed by its own document. What is refused is thrown as an ApiProblem. */

import createFetchClient from "openapi-fetch";
import createQueryClient from "openapi-react-query";

import { session } from "@/session/session";

import { BASE_URL } from "./base";
import { problemFrom, unreachable } from "./problem";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];

/** `fetch` as whoever is signed in; once more with a new token where one was over. */
export async function authorizedFetch(request: Request): Promise<Response> {
  const token = await session.token();
  const again = token === null ? null : request.clone();
  const answer = await attempt(request, token);
  if (answer.ok) {
    return answer;
  }
  const problem = await problemFrom(answer);
  if (problem.code !== "not_signed_in" || token === null || again === null) {
    throw problem;
  }
  const second = await attempt(again, await session.renew(token));
  if (!second.ok) {
    throw await problemFrom(second);
  }
  return second;
}

async function attempt(request: Request, token: string | null): Promise<Response> {
  if (token !== null) {
    request.headers.set("Authorization", `Bearer ${token}`);
  }
  try {
    return await fetch(request);
  } catch (error) {
    if (request.signal.aborted) {
      throw error;
    }
    throw unreachable();
  }
}

export const client = createFetchClient<paths>({
  baseUrl: BASE_URL,
  credentials: "include",
  fetch: authorizedFetch,
});

/** `api.useQuery("get", "/api/v1/orders", ...)`, and so on. */
export const api = createQueryClient(client);
