import { screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";

import { open } from "@/test/app";
import { answers, refuses, server } from "@/test/server";

async function price() {
  return screen.findByRole("region", { name: "What it costs" });
}

describe("the landing page", () => {
  it("says what the product's plan allows", async () => {
    server.use(answers("get", "/plans", { items: [{ channels: null, orders_per_month: 500 }] }));
    open("/");
    expect(await screen.findByText("500 orders a month")).toBeVisible();
    expect(await price()).toHaveTextContent("As many shops as you like");
    expect(await price()).toHaveTextContent("SyncFlow has no billing yet");
  });

  it("promises nothing that it could not ask for", async () => {
    server.use(refuses("get", "/plans", 500, "internal"));
    open("/");
    expect(await price()).toHaveTextContent("Everything that SyncFlow does");
    expect(await price()).not.toHaveTextContent("As many");
  });
});
