import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { ME, open, signedIn } from "@/test/app";
import { CONNECTION, HEALTH, PLATFORMS } from "@/test/connections";
import { answers, refuses, server } from "@/test/server";

import { configOf, faultOf, fieldsOf } from "./config";
import * as leaving from "@/ui/leaving";

beforeEach(() => {
  signedIn();
  server.use(answers("get", "/platforms", PLATFORMS), answers("get", "/sandbox-shops", { items: [] }));
});

describe("connecting a shop", () => {
  it("lets one choose, and says what this server is not set up for", async () => {
    const [shopify, woo] = PLATFORMS.items;
    const items = [{ ...shopify, ready: false, missing_settings: ["SYNCFLOW_SHOPIFY_CLIENT_ID"] }, woo];
    server.use(answers("get", "/platforms", { items }));
    open("/connections/new");
    expect(await screen.findByRole("article", { name: "Shopify" })).toHaveTextContent("SYNCFLOW_SHOPIFY_CLIENT_ID");
    expect(screen.queryByRole("link", { name: "Connect Shopify" })).toBeNull();
    await userEvent.click(screen.getByRole("link", { name: "Connect WooCommerce" }));
    expect(await screen.findByRole("textbox", { name: "Store address" })).toBeVisible();
    expect(screen.getByRole("heading", { name: "Connect a WooCommerce shop" })).toHaveFocus();
    await userEvent.click(screen.getByRole("link", { name: "Other platforms" }));
    expect(await screen.findByRole("heading", { name: "Connect a shop" })).toHaveFocus();
  });

  it("leads to Shopify's consent page", async () => {
    const left = vi.spyOn(leaving, "goTo").mockReturnValue();
    const sent = vi.fn();
    server.use(
      http.post("*/api/v1/connections", async ({ request }) => {
        sent(await request.json());
        return HttpResponse.json({ connection: CONNECTION, authorize_url: "https://tea.example/ok" }, { status: 201 });
      }),
    );
    open("/connections/new?platform=shopify");
    await userEvent.click(await screen.findByRole("button", { name: "Go on to Shopify" }));
    expect(await screen.findByText("This is needed.")).toBeVisible();
    await userEvent.type(screen.getByRole("textbox", { name: "Shop domain" }), " tea ");
    await userEvent.click(screen.getByRole("button", { name: "Go on to Shopify" }));
    await waitFor(() => expect(left).toHaveBeenCalledWith("https://tea.example/ok"));
    expect(sent).toHaveBeenCalledExactlyOnceWith({ platform: "shopify", config: { shop: "tea" } });
  });

  it("takes a store's keys, both of them and in their form, and goes to the new connection", async () => {
    server.use(
      answers("post", "/connections", { connection: { ...CONNECTION, state: "importing" }, authorize_url: null }, 201),
      answers("get", "/connections/1", { ...CONNECTION, state: "importing" }),
      answers("get", "/connections/1/health", HEALTH),
      answers("get", "/dashboard/sync", { shops: [] }),
    );
    open("/connections/new?platform=woocommerce&address=https://shop.example");
    await userEvent.click(await screen.findByRole("radio", { name: "Paste keys" }));
    expect(screen.getByRole("textbox", { name: "Store address" })).toHaveValue("https://shop.example");
    await userEvent.type(screen.getByLabelText("Consumer key"), "wrong");
    await userEvent.click(screen.getByRole("button", { name: "Connect" }));
    expect(await screen.findByText("A consumer key begins with ck_.")).toBeVisible();
    expect(screen.getByText("This is needed.")).toBeVisible();
    await userEvent.clear(screen.getByLabelText("Consumer key"));
    await userEvent.type(screen.getByLabelText("Consumer key"), "ck_12345678");
    await userEvent.type(screen.getByLabelText("Consumer secret"), "cs_12345678");
    await userEvent.click(screen.getByRole("button", { name: "Connect" }));
    expect(await screen.findByRole("heading", { name: "Tea" })).toBeVisible();
  });

  it("says in words why a shop could not be connected", async () => {
    server.use(refuses("post", "/connections", 503, "platform_transient"));
    open("/connections/new?platform=shopify&address=tea");
    await userEvent.click(await screen.findByRole("button", { name: "Go on to Shopify" }));
    const alert = await screen.findByRole("alert");
    expect(alert).toHaveTextContent("The shop does not answer");
    expect(alert).toHaveTextContent("Refused: platform_transient");
  });

  it("says once what only the API knows, in every language", async () => {
    const said = { code: "address_unusable", values: {} };
    const problem = { status: 422, code: "invalid_input", detail: "The shop's address cannot be used.", said };
    server.use(http.post("*/api/v1/connections", () => HttpResponse.json(problem, { status: 422 })));
    open("/connections/new?platform=shopify&address=tea", "de");
    await userEvent.click(await screen.findByRole("button", { name: "Weiter zu Shopify" }));
    const alert = within(await screen.findByRole("alert"));
    expect(alert.getAllByText("Die Adresse des Shops kann nicht verwendet werden.")).toHaveLength(1);
  });

  it("is not for everybody", async () => {
    server.use(answers("get", "/me", { ...ME, role: "staff" }));
    open("/connections/new?platform=shopify");
    expect(await screen.findByText("No shop can be connected here")).toBeVisible();
  });
});

describe("a form by a schema", () => {
  const schema = PLATFORMS.items[1]?.config_schema as Record<string, unknown>;

  it("has a field for each property, and leaves out what is none", () => {
    const fields = fieldsOf(schema);
    expect(fields.map(({ name, secret, required }) => [name, secret, required])).toEqual([
      ["store_url", false, true],
      ["consumer_key", true, false],
      ["consumer_secret", true, false],
    ]);
    expect(fieldsOf({})).toEqual([]);
    expect(fieldsOf({ properties: { odd: 3 }, required: "odd" })).toEqual([]);
  });

  it("knows what is wrong", () => {
    const [url, key] = fieldsOf(schema);
    if (url === undefined || key === undefined) {
      throw new Error("No fields.");
    }
    expect(faultOf(url, "  ")).toBe("form.needed");
    expect(faultOf(url, "abc")).toBe("config.wrong");
    expect(faultOf(url, "https://shop.example")).toBeNull();
    expect(faultOf(key, "")).toBeNull();
    expect(faultOf(key, "cs_12345678")).toBe("config.wrong");
    expect(configOf({ a: " x ", b: "  " })).toEqual({ a: "x" });
  });
});
