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

  it("names ours beside, for who may", async () => {
    shown();
    const ours = within(await screen.findByRole("region", { name: "Your locations" }));
    expect(await ours.findByRole("button", { name: "Rename Attic" })).toBeVisible();
  });

  it("says that there are more of ours than can be chosen here", async () => {
    server.use(answers("get", "/locations", { items: [{ id: 1, name: "Main" }], next: "more" }));
    server.use(answers("get", "/me", { ...ME, role: "staff" }));
    shown();
    expect(await screen.findByText("1 is shown")).toBeVisible();
  });

  it("lets staff look only", async () => {
    server.use(answers("get", "/me", { ...ME, role: "staff" }));
    shown();
    expect(await screen.findByRole("combobox", { name: /^Shop floor/ })).toHaveAttribute("readonly");
    expect(screen.queryByRole("region", { name: "Your locations" })).toBeNull();
  });
});
