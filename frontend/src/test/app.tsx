/** The whole app in a test, at an address, as somebody or nobody. */

import { createMemoryHistory } from "@tanstack/react-router";
import { render } from "@testing-library/react";

import { makeQueryClient } from "@/api/queries";
import { App } from "@/app/App";
import { makeRouter } from "@/app/router";
import de from "@/i18n/de.json";
import en from "@/i18n/en.json";
import { session } from "@/session/session";

import { answers, server } from "./server";

export const ME = {
  user_id: 1,
  email: "anna@example.com",
  account_id: 7,
  account_name: "Anna's shop",
  role: "owner",
  is_sample: false,
  accounts: [{ account_id: 7, account_name: "Anna's shop", role: "owner", is_sample: false }],
};

export function token(account_id = 7, access_token = "token") {
  return { access_token, expires_in: 900, account_id };
}

export const ACCOUNT = {
  id: 7,
  name: "Anna's shop",
  safety_stock: 2,
  low_stock_threshold: 10,
  writes_stopped_at: null as string | null,
  delete_at: null as string | null,
  created_at: "2026-01-01T00:00:00Z",
};

const REPORTING = { time_zone: "UTC", currency: null, rates: [] };
const FIRST_STEPS = { steps: [], done: true, hidden: false, tour_taken: true };

/** Signs Anna in, whose stream of events says nothing, and whose shops are in step. Days begin with those of UTC. */
export function signedIn() {
  session.begin(token());
  server.use(
    answers("get", "/me", ME),
    answers("get", "/account", ACCOUNT),
    answers("get", "/account/reporting", REPORTING),
    answers("get", "/live", {}),
    answers("get", "/first-steps", FIRST_STEPS),
  );
}

export function open(address: string, language: "en" | "de" = "en") {
  const queries = makeQueryClient();
  const usual = queries.getDefaultOptions();
  queries.setDefaultOptions({ ...usual, queries: { ...usual.queries, retry: false, staleTime: Infinity } });
  const router = makeRouter(queries, createMemoryHistory({ initialEntries: [address] }));
  const catalog = language === "en" ? en : de;
  render(<App language={language} catalog={catalog} queries={queries} router={router} env="test" />);
  return router;
}
