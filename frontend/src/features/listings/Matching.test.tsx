import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, it } from "vitest";

import { ME as ANNA, open, signedIn } from "@/test/app";
import { answers, refuses, server } from "@/test/server";

import { compared, isSure } from "./evidence";

function candidate(variant_id: number, more: object = {}) {
  return {
    variant_id,
    sku: `SKU-${variant_id}`,
    title: `Mug blue ${variant_id}`,
    likeness: 0.95,
    listed_here: false,
    available: 7,
    ...more,
  };
}

function suggestion(listing_id: number, candidates: object[], more: object = {}) {
  return {
    listing_id,
    sku: null,
    title: `Blue mug no. ${listing_id}`,
    unlinked_reason: "no_sku",
    candidates,
    ...more,
  };
}

const THREE = [
  suggestion(1, [candidate(11), candidate(12, { likeness: 0.7 })]),
  suggestion(2, [candidate(21)]),
  suggestion(3, [], { title: "Something else" }),
];

let linked: object[] = [];
let unlinked: object[] = [];
let reopened: object[] = [];

function shop(more: object = {}) {
  return {
    id: 5,
    name: "Web shop",
    state: "active",
    counts: { listings: 9, linked: 6, unlinked: { no_sku: 3 }, dirty_cells: 0 },
    ...more,
  };
}

beforeEach(() => {
  signedIn();
  linked = [];
  unlinked = [];
  reopened = [];
  server.use(
    answers("get", "/connections", { items: [shop({ id: 4, name: "Other", counts: { listings: 1, linked: 1, unlinked: {} } }), shop()], next: null }),
    answers("get", "/connections/5/suggestions", { items: THREE, next: null }),
    http.post("*/api/v1/listings/links", async ({ request }) => {
      const { links } = (await request.json()) as { links: { listing_id: number; variant_id: number }[] };
      linked.push(...links);
      return HttpResponse.json({ items: links.map((link) => ({ ...link, problem: "" })) });
    }),
    http.post("*/api/v1/listings/reopened", async ({ request }) => {
      const { listing_ids } = (await request.json()) as { listing_ids: number[] };
      reopened.push(...listing_ids.map((id) => ({ id })));
      return HttpResponse.json({ items: listing_ids.map((listing_id) => ({ listing_id, variant_id: null, problem: "" })) });
    }),
    http.post("*/api/v1/listings/unlinks", async ({ request }) => {
      const { listing_ids } = (await request.json()) as { listing_ids: number[] };
      unlinked.push(...listing_ids.map((id) => ({ id })));
      return HttpResponse.json({ items: listing_ids.map((listing_id) => ({ listing_id, variant_id: null, problem: "" })) });
    }),
  );
});

function tickOf(title: string) {
  return screen.getByRole("checkbox", { name: `Tick ${title}` });
}

describe("matching", () => {
  it("leads to connecting a shop where there is none", async () => {
    server.use(answers("get", "/connections", { items: [], next: null }));
    open("/matching");
    expect(await screen.findByText("No shop is connected yet")).toBeVisible();
    expect(screen.getByRole("link", { name: "Connect a shop" })).toHaveAttribute("href", "/connections/new");
  });

  it("shows the shop that has something to link, with what speaks for each suggestion", async () => {
    open("/matching");
    const list = await screen.findByRole("list", { name: "Listings that are linked to nothing" });
    expect(screen.getByText("6 of 9 listings linked")).toBeVisible();
    expect(within(list).getAllByText("95% alike", { exact: false }).length).toBe(2);
    expect(within(list).getAllByText("Sure").length).toBe(2);
    expect(within(list).getByText("No variant has a title like this. Search for it, or make a new one.")).toBeVisible();
    expect(within(list).getAllByRole("radio")[0]).toBeChecked();
  });

  it("is gone through by keyboard, links at once and takes it back", async () => {
    open("/matching?shop=5");
    await screen.findByText("Blue mug no. 1");
    await waitFor(() => expect(tickOf("Blue mug no. 1")).toBeEnabled());
    tickOf("Blue mug no. 1").focus();
    await userEvent.keyboard("2{Enter}");
    await waitFor(() => expect(linked).toEqual([{ listing_id: 1, variant_id: 12 }]));
    expect(screen.queryByText("Blue mug no. 1")).toBeNull();
    await waitFor(() => expect(tickOf("Blue mug no. 2")).toHaveFocus());
    await userEvent.keyboard("{ArrowDown}");
    expect(tickOf("Something else")).toHaveFocus();
    await userEvent.keyboard("{ArrowUp}");
    await screen.findByText("1 listing linked.");
    await userEvent.keyboard("u");
    expect(await screen.findByText("Blue mug no. 1")).toBeVisible();
    expect(reopened).toEqual([{ id: 1 }]);
  });

  it("takes back once what was linked, and not what was linked after it", async () => {
    open("/matching?shop=5");
    await userEvent.click(await screen.findByRole("button", { name: "Link: Blue mug no. 1" }));
    const [older] = await screen.findAllByRole("button", { name: "Undo" });
    await userEvent.keyboard("u");
    await waitFor(() => expect(reopened).toEqual([{ id: 1 }]));
    await userEvent.click(await screen.findByRole("button", { name: "Link: Blue mug no. 1" }));
    await waitFor(() => expect(linked).toHaveLength(2));
    await waitFor(() => expect(screen.getAllByText("1 listing linked.")).toHaveLength(2));
    await userEvent.click(older as HTMLElement);
    await waitFor(() => expect(screen.getAllByText("1 listing linked.")).toHaveLength(1));
    expect(reopened).toEqual([{ id: 1 }]);
    expect(screen.queryByText("Blue mug no. 1")).toBeNull();
    await userEvent.click(screen.getByRole("button", { name: "Link: Blue mug no. 2" }));
    await waitFor(() => expect(screen.getAllByText("1 listing linked.")).toHaveLength(2));
    const [before] = screen.getAllByRole("button", { name: "Undo" });
    await userEvent.click(before as HTMLElement);
    expect(await screen.findByText("Blue mug no. 1")).toBeVisible();
    tickOf("Something else").focus();
    await userEvent.keyboard("u");
    expect(await screen.findByText("Blue mug no. 2")).toBeVisible();
    expect(reopened).toEqual([{ id: 1 }, { id: 1 }, { id: 2 }]);
  });

  it("is begun by keyboard from the page, and takes no keys from what else has them", async () => {
    open("/matching?shop=5");
    await screen.findByText("Blue mug no. 1");
    await waitFor(() => expect(tickOf("Blue mug no. 1")).toBeEnabled());
    const shops = screen.getByRole("combobox", { name: "Shop" });
    shops.focus();
    await userEvent.keyboard("{ArrowDown}{Escape}");
    expect(shops).toHaveFocus();
    shops.blur();
    await userEvent.keyboard("{ArrowDown}");
    expect(tickOf("Blue mug no. 1")).toHaveFocus();
    await userEvent.keyboard("{ArrowDown}");
    expect(tickOf("Blue mug no. 2")).toHaveFocus();
    screen.getByRole("heading", { level: 1 }).focus();
    await userEvent.keyboard("{ArrowDown}");
    expect(tickOf("Blue mug no. 1")).toHaveFocus();
  });

  it("leaves unlinked what is to stay so, and takes that back at the API too", async () => {
    open("/matching?shop=5");
    await screen.findByText("Blue mug no. 1");
    await userEvent.click(await screen.findByRole("button", { name: "Leave unlinked: Something else" }));
    await waitFor(() => expect(unlinked).toEqual([{ id: 3 }]));
    expect(screen.queryByText("Something else")).toBeNull();
    await screen.findByText("1 listing stays unlinked.");
    await waitFor(() => expect(tickOf("Blue mug no. 2")).toHaveFocus());
    await userEvent.keyboard("u");
    expect(await screen.findByRole("button", { name: "Leave unlinked: Something else" })).toBeVisible();
    expect(reopened).toEqual([{ id: 3 }]);
    expect(unlinked).toEqual([{ id: 3 }]);

    await userEvent.click(tickOf("Blue mug no. 1"));
    await userEvent.click(tickOf("Blue mug no. 2"));
    await userEvent.click(screen.getByRole("button", { name: "Leave them unlinked (2)" }));
    await screen.findByText("2 listings stay unlinked.");
    expect(unlinked).toEqual([{ id: 3 }, { id: 1 }, { id: 2 }]);
  });

  it("shows apart what was left unlinked, where it can be linked all the same", async () => {
    const counts = { listings: 9, linked: 6, unlinked: { no_sku: 2, by_hand: 1 }, dirty_cells: 0 };
    const left = suggestion(4, [candidate(41)], { title: "Left alone before", unlinked_reason: "by_hand" });
    server.use(
      answers("get", "/connections", { items: [shop({ counts })], next: null }),
      http.get("*/api/v1/connections/5/suggestions", ({ request }) => {
        const isApart = new URL(request.url).searchParams.get("kept_apart") === "true";
        return HttpResponse.json({ items: isApart ? [left] : THREE, next: null });
      }),
    );
    const router = open("/matching?shop=5");
    await screen.findByText("Blue mug no. 1");
    expect(screen.queryByText("Left alone before")).toBeNull();
    await userEvent.click(screen.getByRole("link", { name: "See the one that was left unlinked" }));
    expect(await screen.findByText("Left alone before")).toBeVisible();
    expect(router.state.location.searchStr).toBe("?shop=5&apart=true");
    expect(screen.queryByText("Blue mug no. 1")).toBeNull();
    expect(screen.queryByRole("button", { name: /^Leave/ })).toBeNull();
    tickOf("Left alone before").focus();
    await userEvent.keyboard("x");
    expect(unlinked).toEqual([]);
    await userEvent.keyboard("{Enter}");
    expect(await screen.findByText("No listing was left unlinked")).toBeVisible();
    await screen.findByText("1 listing linked.");
    await userEvent.click(screen.getByRole("button", { name: "Undo" }));
    expect(await screen.findByText("Left alone before")).toBeVisible();
    expect(unlinked).toEqual([{ id: 4 }]);
    await userEvent.click(screen.getByRole("link", { name: "See what waits to be linked" }));
    expect(await screen.findByText("Blue mug no. 1")).toBeVisible();
  });

  it("has forgotten what it showed before once one comes back", async () => {
    const router = open("/matching?shop=5");
    await userEvent.click(await screen.findByRole("button", { name: "Leave unlinked: Something else" }));
    await screen.findByText("1 listing stays unlinked.");
    server.use(
      answers("get", "/connections/5/suggestions", { items: THREE.slice(0, 2), next: null }),
      answers("get", "/dashboard/status", { items: [] }),
    );
    await router.navigate({ to: "/connections" });
    await screen.findByRole("heading", { level: 1, name: "Connections" });
    await router.navigate({ to: "/matching", search: { shop: 5 } });
    expect(await screen.findByText("Blue mug no. 1")).toBeVisible();
    expect(screen.queryByText("Something else")).toBeNull();
  });

  it("links all that is sure after asking with figures", async () => {
    open("/matching?shop=5");
    await screen.findByText("Blue mug no. 1");
    await waitFor(() => expect(tickOf("Blue mug no. 1")).toBeEnabled());
    tickOf("Blue mug no. 1").focus();
    await userEvent.keyboard("a{Control>}{Enter}{/Control}");
    const dialog = await screen.findByRole("dialog", { name: "Link 2 listings?" });
    expect(dialog).toHaveTextContent("2 of these variants are counted");
    expect(linked).toEqual([]);
    await userEvent.click(within(dialog).getByRole("button", { name: "Link all 2" }));
    await waitFor(() => expect(linked.length).toBe(2));
    expect(screen.getByText("Something else")).toBeVisible();
  });

  it("brings back what was refused, and says why", async () => {
    server.use(
      answers("post", "/listings/links", {
        items: [{ listing_id: 2, variant_id: 21, problem: "There is no such variant." }],
      }),
    );
    open("/matching?shop=5");
    await userEvent.click(await screen.findByRole("button", { name: "Link: Blue mug no. 2" }));
    expect(await screen.findByRole("alert")).toHaveTextContent("There is no such variant.");
    expect(screen.getByText("Blue mug no. 2")).toBeVisible();
  });

  it("says why in the language of the reader", async () => {
    const said = { problem: "There is no such variant.", problem_said: { code: "no_variant", values: {} } };
    server.use(answers("post", "/listings/links", { items: [{ listing_id: 2, variant_id: 21, ...said }] }));
    open("/matching?shop=5", "de");
    await userEvent.click(await screen.findByRole("button", { name: "Zuordnen: Blue mug no. 2" }));
    expect(await screen.findByRole("alert")).toHaveTextContent("Diese Variante gibt es nicht.");
  });

  it("brings all back where the call fails", async () => {
    server.use(refuses("post", "/listings/links", 503, "not_stored"));
    open("/matching?shop=5");
    await userEvent.click(await screen.findByRole("button", { name: "Link: Blue mug no. 2" }));
    expect(await screen.findByText("It could not be stored")).toBeVisible();
    expect(screen.getByText("Blue mug no. 2")).toBeVisible();
  });

  it("finds another variant, and makes a new one", async () => {
    const made: number[] = [];
    server.use(
      answers("get", "/variants", { items: [{ id: 77, title: "Green cup", sku: "CUP" }], next: null }),
      http.post("*/api/v1/listings/variants", async ({ request }) => {
        const { listing_ids } = (await request.json()) as { listing_ids: number[] };
        made.push(...listing_ids);
        return HttpResponse.json({ items: [{ listing_id: 1, variant_id: 90, problem: "" }] });
      }),
    );
    open("/matching?shop=5");
    await userEvent.click(await screen.findByRole("button", { name: "Another variant: Something else" }));
    const dialog = await screen.findByRole("dialog");
    await userEvent.type(within(dialog).getByLabelText("Search"), "cup");
    await userEvent.click(await within(dialog).findByRole("button", { name: "Link to Green cup" }));
    await waitFor(() => expect(linked).toEqual([{ listing_id: 3, variant_id: 77 }]));
    await userEvent.click(screen.getByRole("button", { name: "New variant: Blue mug no. 1" }));
    await waitFor(() => expect(made).toEqual([1]));
  });

  it("leads on once nothing is left", async () => {
    server.use(answers("get", "/connections/5/suggestions", { items: [], next: null }));
    open("/matching?shop=5");
    expect(await screen.findByText("Everything that can be linked is linked")).toBeVisible();
    expect(screen.getByRole("link", { name: "See what would be written" })).toHaveAttribute("href", "/changes?shop=5");
  });

  it("offers a viewer nothing that is refused", async () => {
    server.use(answers("get", "/me", { ...ANNA, role: "viewer" }));
    open("/matching?shop=5");
    await screen.findByText("Blue mug no. 1");
    expect(tickOf("Blue mug no. 1")).toBeDisabled();
    expect(screen.queryByRole("button", { name: /^Link/ })).toBeNull();
  });

  it("says what failed and tries again", async () => {
    server.use(refuses("get", "/connections/5/suggestions", 503, "not_stored"));
    open("/matching?shop=5");
    const alert = await screen.findByRole("alert");
    server.use(answers("get", "/connections/5/suggestions", { items: THREE, next: null }));
    await userEvent.click(within(alert).getByRole("button", { name: "Try again" }));
    expect(await screen.findByText("Blue mug no. 1")).toBeVisible();
  });
});

describe("evidence", () => {
  it("marks words that the other title does not have", () => {
    const marked = compared("Mug, blue - 12 oz", "MUG Blue 15 oz").filter((piece) => piece.differs);
    expect(marked.map((piece) => piece.text)).toEqual(["12"]);
  });

  it("is sure of what is alike, free, and the only one", () => {
    const of = (...candidates: object[]) => suggestion(1, candidates) as never;
    expect(isSure(of(candidate(1)))).toBe(true);
    expect(isSure(of(candidate(1, { likeness: 0.89 })))).toBe(false);
    expect(isSure(of(candidate(1, { listed_here: true })))).toBe(false);
    expect(isSure(of(candidate(1), candidate(2)))).toBe(false);
    expect(isSure(of())).toBe(false);
  });
});
