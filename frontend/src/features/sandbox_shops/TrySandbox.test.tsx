import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";

import * as leaving from "@/ui/leaving";
import { ME, open, signedIn } from "@/test/app";
import { CONNECTION, HEALTH, PLATFORMS } from "@/test/connections";
import { takes } from "@/test/sent";
import { answers, refuses, server } from "@/test/server";

const SHOP = { number: 2, platform: "woocommerce", name: "Sandbox store", use: "free" };

beforeEach(() => {
  signedIn();
  server.use(
    answers("get", "/platforms", PLATFORMS),
    answers("get", "/sandbox-shops", { items: [{ ...SHOP, number: 1, use: "taken" }, SHOP] }),
    answers("get", "/connections/1", CONNECTION),
    answers("get", "/connections/1/health", HEALTH),
    answers("get", "/dashboard/sync", { shops: [] }),
  );
});

describe("a sandbox shop", () => {
  it("is connected in one click, and then shown", async () => {
    const sent = takes({
      "post /sandbox-shops/connect": { connection: CONNECTION, authorize_url: null },
    });
    const router = open("/connections/new");
    await userEvent.click(await screen.findByRole("button", { name: "Try with a sandbox shop" }));
    await waitFor(() => expect(router.state.location.pathname).toBe("/connections/1"));
    expect(sent.map(({ body }) => body)).toEqual([{ number: 2 }]);
  });

  it("may ask its owner first", async () => {
    const left = vi.spyOn(leaving, "goTo").mockReturnValue();
    takes({
      "post /sandbox-shops/connect": { connection: CONNECTION, authorize_url: "https://play.example" },
    });
    open("/connections/new");
    await userEvent.click(await screen.findByRole("button", { name: "Try with a sandbox shop" }));
    await waitFor(() => expect(left).toHaveBeenCalledWith("https://play.example"));
  });

  it("says so where another account was faster", async () => {
    server.use(refuses("post", "/sandbox-shops/connect", 409, "conflict"));
    open("/connections/new");
    const button = await screen.findByRole("button", { name: "Try with a sandbox shop" });
    server.use(answers("get", "/sandbox-shops", { items: [{ ...SHOP, use: "taken" }] }));
    await userEvent.click(button);
    expect(await screen.findByText(/is connected in another account/)).toBeVisible();
    expect(screen.queryByRole("button", { name: "Try with a sandbox shop" })).toBeNull();
  });

  it.each([
    ["there is none", { items: [] }, ME],
    ["it is connected already", { items: [{ ...SHOP, use: "yours" }] }, ME],
    ["one may not connect shops", { items: [SHOP] }, { ...ME, role: "staff" }],
  ])("is not offered where %s", async (_why, offers, me) => {
    server.use(answers("get", "/sandbox-shops", offers), answers("get", "/me", me));
    open("/connections/new");
    await screen.findByText(me.role === "owner" ? "Connect Shopify" : "No shop can be connected here");
    expect(screen.queryByText("Only trying?")).toBeNull();
  });
});
