/** The API, typed by its own document. What is refused is thrown as an ApiProblem. */

import createFetchClient from "openapi-fetch";
import createQueryClient from "openapi-react-query";

import { session } from "@/session/session";

import { BASE_URL } from "./base";
import { ApiProblem, problemFrom, unreachable } from "./problem";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];

/** `fetch` as whoever is signed in; once more with a new token where one was over. Nobody is asked for a stranger. */
export async function authorizedFetch(request: Request): Promise<Response> {
  const token = await session.token();
  if (token === null) {
    throw new ApiProblem("not_signed_in", 401);
  }
  const again = request.clone();
  const answer = await attempt(request, token);
  if (answer.ok) {
    return answer;
  }
  const problem = await problemFrom(answer);
  if (problem.code !== "not_signed_in") {
    throw problem;
  }
  return await taken(await attempt(again, await session.renew(token)));
}

async function taken(answer: Response): Promise<Response> {
  if (!answer.ok) {
    throw await problemFrom(answer);
  }
  return answer;
}

async function attempt(request: Request, token: string | null): Promise<Response> {
  // What one reads here, for the mails that come of it: the browser's own setting may be another.
  request.headers.set("Accept-Language", document.documentElement.lang);
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

/** For what only members may do. */
export const client = createFetchClient<paths>({ baseUrl: BASE_URL, fetch: authorizedFetch });

/** For what strangers do: signing in, and what mails lead to. The session's cookie comes with an answer to it. */
export const publicClient = createFetchClient<paths>({
  baseUrl: BASE_URL,
  credentials: "include",
  fetch: async (request) => await taken(await attempt(request, null)),
});

/** `api.useQuery("get", "/api/v1/orders", ...)`, and so on. */
export const api = createQueryClient(client);
