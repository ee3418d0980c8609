/** Which account one acts for. */

import { session } from "@/session/session";

import { client } from "./client";

/** From the answer on all is asked for it. Throws an ApiProblem, and leaves all as it is, if that is refused. */
export async function actFor(account_id: number): Promise<void> {
  const { data } = await client.POST("/api/v1/auth/switch-account", { body: { account_id } });
  if (data !== undefined) {
    session.begin(data);
  }
}
