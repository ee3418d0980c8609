import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, it } from "vitest";

import { ME, open, signedIn } from "@/test/app";
import { answers, refuses, server } from "@/test/server";

function imported(more: object = {}) {
  return {
    id: 4,
    kind: "catalog",
    state: "checked",
    file_name: "mugs.csv",
    currency: "EUR",
    location_id: null,
    counted_at: null,
    count_id: null,
    columns: ["sku", "price"],
    ignored_columns: [],
    size_bytes: 200,
    read_bytes: 200,
    rows: 3,
    creates: 1,
    changes: 1,
    unchanged: 0,
    faulty: 1,
    to_apply: 2,
    applied: 0,
    problem: "",
    problem_said: null,
    created_at: "2026-11-28T09:30:00Z",
    closed_at: null,
    ...more,
  };
}

const ROWS: Record<string, object[]> = {
  fault: [{ line: 4, variant_id: null, given: { sku: "MUG-3" }, changes: {}, problem: "The price is no amount.", problem_said: null }],
  change: [
    {
      line: 2,
      variant_id: 1,
      given: { sku: "MUG-1", price: "12.50" },
      changes: { price_minor: [1200, 1250], title: ["Mug", "Mug, blue"] },
      problem: "",
      problem_said: null,
    },
  ],
  create: [
    { line: 3, variant_id: null, given: { sku: "MUG-2" }, changes: { title: [null, "Mug, red"] }, problem: "", problem_said: null },
  ],
};

function rows() {
  return http.get("*/api/v1/imports/4/rows", ({ request }) => {
    const outcome = new URL(request.url).searchParams.get("outcome") ?? "";
    const items = (ROWS[outcome] ?? []).map((row) => ({ currency: "EUR", ...row, outcome, applied: false }));
    return HttpResponse.json({ items, next: null });
  });
}

beforeEach(() => {
  signedIn();
  server.use(answers("get", "/locations", { items: [{ id: 1, name: "Main" }], next: null }), rows());
});

describe("imports", () => {
  it("uploads a file as it is, and shows what it would do", async () => {
    const sent: string[] = [];
    server.use(
      answers("get", "/imports", { items: [], next: null }),
      http.post("*/api/v1/imports/catalog", async ({ request }) => {
        sent.push(new URL(request.url).search, request.headers.get("Content-Type") ?? "", await request.text());
        return HttpResponse.json(imported(), { status: 202 });
      }),
      answers("get", "/imports/4", imported()),
    );
    const router = open("/imports");
    expect(await screen.findByText("No imports yet")).toBeVisible();
    const file = new File(["sku,price\nMUG-1,12.50\n"], "mugs.csv", { type: "text/csv" });
    const input = document.querySelector<HTMLInputElement>("input[type=file]");
    await userEvent.upload(input as HTMLInputElement, file);
    await userEvent.type(screen.getByLabelText("Currency"), "eur");
    await userEvent.click(screen.getByRole("button", { name: "Upload and check" }));
    await waitFor(() => expect(router.state.location.pathname).toBe("/imports/4"));
    expect(sent.slice(0, 2)).toEqual(["?file_name=mugs.csv&currency=EUR", "text/csv"]);
  });

  it("says why a file was not taken", async () => {
    server.use(
      answers("get", "/imports", { items: [imported(), imported({ id: 5, file_name: "", state: "applied" })], next: null }),
      refuses("post", "/imports/counts", 409, "conflict"),
    );
    open("/imports");
    expect(await screen.findByRole("link", { name: "mugs.csv" })).toHaveAttribute("href", "/imports/4");
    expect(screen.getByRole("link", { name: "Import 5" })).toBeVisible();
    await userEvent.click(screen.getByRole("radio", { name: "Counted stock" }));
    await userEvent.upload(document.querySelector("input[type=file]") as HTMLInputElement, new File(["a"], "a.csv"));
    await userEvent.click(screen.getByRole("button", { name: "Upload and check" }));
    expect(await screen.findByRole("alert")).toBeVisible();
  });

  it("shows faults first, then what changes, and applies what is without fault", async () => {
    const sent: unknown[] = [];
    let state = "checked";
    server.use(
      http.get("*/api/v1/imports/4", () => HttpResponse.json(imported({ state, applied: state === "applied" ? 2 : 0 }))),
      http.post("*/api/v1/imports/4/apply", async ({ request }) => {
        sent.push(await request.json());
        state = "applied";
        return HttpResponse.json(imported({ state: "applying" }), { status: 202 });
      }),
    );
    open("/imports/4");
    expect(await screen.findByText("The price is no amount.")).toBeVisible();
    await userEvent.click(screen.getByRole("radio", { name: "Changed: 1" }));
    const table = await screen.findByRole("table", { name: "What each row does" });
    expect(await within(table).findByRole("row", { name: /MUG-1/ })).toHaveTextContent(
      "2MUG-1Price: €12.00 €12.50Name: Mug Mug, blue",
    );
    const apply = screen.getByRole("button", { name: "Apply 2 rows" });
    expect(apply).toBeDisabled();
    await userEvent.click(screen.getByRole("checkbox", { name: "Leave out 1 faulty row" }));
    await userEvent.click(apply);
    expect(await screen.findByText("Done: 2 rows were applied.")).toBeVisible();
    expect(sent).toEqual([{ skip_faulty: true }]);
    expect(screen.getByRole("link", { name: "See the inventory" })).toHaveAttribute("href", "/stock");
  });

  it("shows amounts in the currency that they were in, and in the one that they will be in", async () => {
    const row = { outcome: "change", currency: "USD", problem: "", problem_said: null, applied: false };
    server.use(
      answers("get", "/imports/4", imported({ currency: "EUR", faulty: 0, changes: 2, creates: 0 })),
      answers("get", "/imports/4/rows", {
        items: [
          { ...row, line: 2, variant_id: 1, given: { sku: "BOARD", price: "12.50" }, changes: { price_minor: [4317, 1250] } },
          {
            ...row,
            line: 3,
            variant_id: 2,
            given: { sku: "OTHER", price: "12.50", currency: "EUR" },
            changes: { currency: ["USD", "EUR"], price_minor: [4317, 1250] },
          },
        ],
        next: null,
      }),
    );
    open("/imports/4");
    expect(await screen.findByRole("row", { name: /BOARD/ })).toHaveTextContent("Price: $43.17 $12.50");
    expect(screen.getByRole("row", { name: /OTHER/ })).toHaveTextContent("Price: $43.17 €12.50");
  });

  it("shows how far it is, and can be stopped", async () => {
    let cancelled = false;
    server.use(
      http.get("*/api/v1/imports/4", () =>
        HttpResponse.json(imported({ state: cancelled ? "cancelled" : "applying", applied: 1 })),
      ),
      http.post("*/api/v1/imports/4/cancel", () => {
        cancelled = true;
        return HttpResponse.json(imported({ state: "cancelled" }));
      }),
    );
    open("/imports/4");
    expect(await screen.findByText("1 of 2 rows applied")).toBeVisible();
    expect(screen.getByRole("progressbar", { name: "1 of 2 rows applied" })).toHaveAttribute("aria-valuenow", "50");
    await userEvent.click(screen.getByRole("button", { name: "Stop here" }));
    expect(await screen.findByText("Given up")).toBeVisible();
  });

  it("looks at its rows again as more of them are known, and keeps what was chosen", async () => {
    let known = imported({ state: "checking", rows: 1, creates: 1, changes: 1, faulty: 0 });
    let asked = 0;
    server.use(
      http.get("*/api/v1/imports/4", () => HttpResponse.json(known)),
      http.get("*/api/v1/imports/4/rows", ({ request }) => {
        const outcome = new URL(request.url).searchParams.get("outcome");
        asked += outcome === "create" ? 1 : 0;
        const items = Array.from({ length: known.creates }, (_, n) => ({
          line: n + 2, variant_id: null, given: { sku: `MUG-${n + 1}` }, changes: {}, currency: null, problem: "", problem_said: null, outcome, applied: false,
        }));
        return HttpResponse.json({ items, next: null });
      }),
    );
    open("/imports/4");
    await userEvent.click(await screen.findByRole("radio", { name: "New: 1" }));
    expect(await screen.findByRole("row", { name: /MUG-1/ })).toBeVisible();
    expect(asked).toBe(1);
    known = imported({ state: "checking", rows: 2, creates: 2, faulty: 0 });
    expect(await screen.findByRole("row", { name: /MUG-2/ })).toBeVisible();
    known = imported({ rows: 4, creates: 3, faulty: 1 });
    expect(await screen.findByRole("row", { name: /MUG-3/ })).toBeVisible();
    expect(screen.getByRole("radio", { name: "New: 3" })).toBeChecked();
  });

  it("says why a file cannot be read", async () => {
    server.use(
      answers("get", "/imports/4", imported({ state: "refused", rows: 0, problem: "Line 1: there is no column sku." })),
    );
    open("/imports/4");
    expect(await screen.findByRole("alert")).toHaveTextContent("Line 1: there is no column sku.");
  });

  it("says what is wrong with the file and its rows in the language of the reader", async () => {
    const said = { code: "digits_of_amount", values: { amount: "1.234", currency: "EUR" } };
    const text = "'1.234' has more digits after the point than EUR has.";
    const row = { line: 2, variant_id: null, given: {}, changes: {}, currency: null, outcome: "fault", applied: false };
    server.use(
      answers("get", "/imports/4", {
        ...imported({ state: "refused", problem: "Line 9: This is not CSV: ',' expected after '\"'. What follows cannot be read." }),
        problem_said: {
          code: "rest_unreadable",
          values: {
            line: 9,
            problem: "This is not CSV: ',' expected after '\"'.",
            problem_said: { code: "row_no_csv", values: { problem: "',' expected after '\"'" } },
          },
        },
      }),
      answers("get", "/imports/4/rows", {
        items: [
          { ...row, problem: text, problem_said: said },
          { ...row, line: 3, problem: "An old fault.", problem_said: null },
        ],
        next: null,
      }),
    );
    open("/imports/4", "de");
    expect(await screen.findByText("„1.234“ hat mehr Nachkommastellen, als EUR hat.")).toBeVisible();
    expect(screen.getByText("An old fault.")).toHaveAttribute("lang", "en");
    expect(screen.getByRole("alert")).toHaveTextContent(
      "Zeile 9: Das ist kein CSV: ',' expected after '\"'. Was folgt, lässt sich nicht lesen.",
    );
  });

  it("lets viewers look only", async () => {
    server.use(
      answers("get", "/me", { ...ME, role: "viewer" }),
      answers("get", "/imports/4", imported()),
    );
    open("/imports/4");
    expect(await screen.findByText("The price is no amount.")).toBeVisible();
    expect(screen.queryByRole("button", { name: /Apply/ })).toBeNull();
    expect(screen.queryByRole("button", { name: "Give it up" })).toBeNull();
  });
});
