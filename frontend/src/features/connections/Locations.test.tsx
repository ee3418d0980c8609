import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, it } from "vitest";

import { ME, open, signedIn } from "@/test/app";
import { CONNECTION, HEALTH, page } from "@/test/connections";
import { takes } from "@/test/sent";
import { answers, refuses, server } from "@/test/server";

const OURS = page([
  { id: 1, name: "Main" },
  { id: 2, name: "Attic" },
]);
const PLACES = [
  { external_location_id: "a", name: "Shop floor", active: true, location_id: 1 },
  { external_location_id: "b", name: "Storehouse", active: false, location_id: null },
];

function places(items: object[], version = '"1"') {
  return http.get("*/api/v1/connections/1/locations", () =>
    HttpResponse.json({ items }, { headers: { ETag: version } }),
  );
}

function shown(items: object[] = PLACES) {
  server.use(places(items));
  open("/connections/1?tab=locations");
}

/** Chooses one of ours for one of the shop's. */
async function choose(place: RegExp, ours: string) {
  await userEvent.click(await screen.findByRole("combobox", { name: place }));
  await userEvent.click(await screen.findByRole("option", { name: ours }));
}

const save = () => screen.findByRole("button", { name: "Save and read the shop again" });

beforeEach(() => {
  signedIn();
  server.use(
    answers("get", "/connections/1", CONNECTION),
    answers("get", "/connections/1/health", HEALTH),
    answers("get", "/locations", OURS),
  );
});

describe("which of a shop's locations is which of ours", () => {
  it("shows what is chosen, and saves all of it by the version that was seen, with what it means", async () => {
    const sent = takes({ "put /connections/1/locations": { items: PLACES } });
    shown();
    expect(await screen.findByRole("combobox", { name: /^Shop floor/ })).toHaveValue("Main");
    expect(screen.queryByText("This begins a new first sync")).toBeNull();
    await userEvent.click(screen.getByRole("combobox", { name: /^Storehouse/ }));
    expect(screen.queryAllByRole("option", { name: "Main" })).toEqual([]);
    await userEvent.click(await screen.findByRole("option", { name: "Attic" }));
    expect(screen.getByText("This begins a new first sync")).toBeVisible();
    await userEvent.click(await save());
    expect(await screen.findByText("Saved: the shop is read again")).toBeVisible();
    expect(sent.map(({ body }) => body)).toEqual([
      {
        locations: [
          { external_location_id: "a", location_id: 1 },
          { external_location_id: "b", location_id: 2 },
        ],
      },
    ]);
    expect(sent[0]?.headers.get("If-Match")).toBe('"1"');
  });

  it("says that none are known yet", async () => {
    shown([]);
    expect(await screen.findByText("Its locations are not known yet")).toBeVisible();
  });

  it("says what failed and tries again", async () => {
    server.use(refuses("get", "/connections/1/locations", 503, "not_stored"));
    open("/connections/1?tab=locations");
    const alert = await screen.findByRole("alert");
    server.use(places(PLACES));
    await userEvent.click(within(alert).getByRole("button", { name: "Try again" }));
    expect(await screen.findByRole("combobox", { name: /^Shop floor/ })).toBeVisible();
  });

  it("takes several of ours where the shop has one number, and at least one", async () => {
    const sent = takes({ "put /connections/1/locations": { items: [] } });
    shown([{ external_location_id: "", name: "", active: true, location_id: 1 }]);
    await userEvent.click(await screen.findByRole("combobox", { name: /^The shop's stock/ }));
    await userEvent.click(await screen.findByRole("option", { name: "Main" }));
    expect(screen.getByText("Choose at least one.")).toBeVisible();
    expect(await save()).toBeDisabled();
    await userEvent.click(await screen.findByRole("option", { name: "Attic" }));
    await userEvent.click(await screen.findByRole("option", { name: "Main" }));
    await userEvent.click(await save());
    await waitFor(() =>
      expect(sent.map(({ body }) => body)).toEqual([
        {
          locations: [
            { external_location_id: "", location_id: 2 },
            { external_location_id: "", location_id: 1 },
          ],
        },
      ]),
    );
  });

  it("says that somebody was faster, and shows what is so now", async () => {
    shown();
    await choose(/^Storehouse/, "Attic");
    server.use(
      places([PLACES[0] as object, { ...PLACES[1], name: "Cellar" }], '"2"'),
      refuses("put", "/connections/1/locations", 412, "precondition_failed"),
    );
    await userEvent.click(await save());
    expect(await screen.findByRole("combobox", { name: /^Cellar/ })).toBeVisible();
    expect(screen.getByRole("alert")).toHaveTextContent("Somebody changed it meanwhile");
  });

  it("makes a location of ours", async () => {
    const sent = takes({ "post /locations": { id: 3, name: "Cellar" } });
    shown();
    await userEvent.type(await screen.findByRole("textbox", { name: "Another location" }), " Cellar {Enter}");
    await waitFor(() => expect(sent.map(({ body }) => body)).toEqual([{ name: "Cellar" }]));
    await waitFor(() => expect(screen.getByRole("textbox", { name: "Another location" })).toHaveValue(""));
  });

  it("calls one of ours otherwise", async () => {
    const sent = takes({ "patch /locations/2": { id: 2, name: "Loft" } });
    shown();
    await userEvent.click(await screen.findByRole("button", { name: "Rename Attic" }));
    const dialog = within(await screen.findByRole("dialog", { name: "Rename a location" }));
    const name = dialog.getByRole("textbox", { name: "Name" });
    expect(name).toHaveValue("Attic");
    await userEvent.clear(name);
    await userEvent.type(name, "Loft");
    server.use(answers("get", "/locations", page([{ id: 1, name: "Main" }, { id: 2, name: "Loft" }])));
    await userEvent.click(dialog.getByRole("button", { name: "Save" }));
    expect(await screen.findByRole("button", { name: "Rename Loft" })).toBeVisible();
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(sent.map(({ body }) => body)).toEqual([{ name: "Loft" }]);
  });

  it("says why one of ours cannot be called so, and keeps what was entered", async () => {
    const said = { code: "location_named_so", values: {} };
    const problem = { status: 409, code: "conflict", detail: "There is a location of that name.", said };
    server.use(http.patch("*/api/v1/locations/2", () => HttpResponse.json(problem, { status: 409 })));
    shown();
    await userEvent.click(await screen.findByRole("button", { name: "Rename Attic" }));
    const name = await screen.findByRole("textbox", { name: "Name" });
    await userEvent.clear(name);
    await userEvent.type(name, "Main{Enter}");
    expect(await screen.findByText("There is a location of that name.")).toBeVisible();
    expect(name).toHaveValue("Main");
  });

  it("lets staff look only", async () => {
    server.use(answers("get", "/me", { ...ME, role: "staff" }));
    shown();
    expect(await screen.findByRole("combobox", { name: /^Shop floor/ })).toHaveAttribute("readonly");
    expect(screen.queryByRole("button", { name: "Add" })).toBeNull();
  });
});
