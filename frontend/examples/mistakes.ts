/** What the generated types must not let pass: each line under an `expect-error` has to be one. */

import createClient from "openapi-fetch";

import type { components, paths } from "../src/api/schema";

const client = createClient<paths>({ baseUrl: "http://127.0.0.1" });

// @ts-expect-error: there is no such path
await client.GET("/api/v1/stok");
// @ts-expect-error: a body lacks its password
await client.POST("/api/v1/auth/login", { body: { email: "a@example.com" } });
// @ts-expect-error: a body has a field that is not known
export const login: components["schemas"]["LoginInput"] = { email: "", password: "", colour: "red" };
// @ts-expect-error: a parameter of another type
await client.GET("/api/v1/stock", { params: { query: { limit: "250" } } });
// @ts-expect-error: an id is missing from the path
await client.GET("/api/v1/orders/{order_id}");

export const first = (page: components["schemas"]["OrderPage"]) => page.items[0];
export const title = (stock: components["schemas"]["Stock"]): string => stock.title;
// @ts-expect-error: a variant may have no SKU
export const sku = (stock: components["schemas"]["Stock"]): string => stock.sku;
// @ts-expect-error: no order is in such a state
export const isLost = (order: components["schemas"]["Order"]): boolean => order.state === "lost";
