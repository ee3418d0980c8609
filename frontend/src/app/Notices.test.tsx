import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";

import { ACCOUNT, ME, open, signedIn } from "@/test/app";
import { answers, server } from "@/test/server";

const STOPPED = "2026-11-29T12:00:00Z";

beforeEach(() => {
  signedIn();
  server.use(answers("get", "/sync/runs", { items: [], next: null }), answers("get", "/connections", { items: [], next: null }));
});

describe("what is not as usual in the account", () => {
  it("is silent where all is as usual", async () => {
    open("/sync");
    await screen.findByRole("heading", { name: "Sync history" });
    expect(screen.queryByRole("note")).toBeNull();
  });

  it("says on every screen that all writes are stopped, and ends that", async () => {
    server.use(answers("get", "/account", { ...ACCOUNT, writes_stopped_at: STOPPED }));
    open("/sync");
    const notice = within(await screen.findByRole("note"));
    expect(notice.getByText(/^All writes are stopped since /)).toBeVisible();
    server.use(answers("post", "/account/allow-writes", ACCOUNT), answers("get", "/account", ACCOUNT));
    await userEvent.click(notice.getByRole("button", { name: "Allow writes" }));
    await expect.poll(() => screen.queryByRole("note")).toBeNull();
  });

  it("says when the account ends, with the way to keep it", async () => {
    server.use(answers("get", "/account", { ...ACCOUNT, delete_at: "2026-12-06T00:00:00Z" }));
    open("/sync");
    const notice = within(await screen.findByRole("note"));
    expect(notice.getByText(/^Everything is removed on /)).toBeVisible();
    expect(notice.getByRole("link", { name: "Look" })).toHaveAttribute("href", "/settings/data");
  });

  it("lets nobody allow writes whose role does not", async () => {
    server.use(
      answers("get", "/me", { ...ME, role: "staff" }),
      answers("get", "/account", { ...ACCOUNT, writes_stopped_at: STOPPED }),
    );
    open("/sync");
    expect(await screen.findByRole("note")).toHaveTextContent("All writes are stopped since");
    expect(screen.queryByRole("button", { name: "Allow writes" })).toBeNull();
  });
});
