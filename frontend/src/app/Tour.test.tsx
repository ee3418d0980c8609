import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";

import { open, signedIn } from "@/test/app";
import { takes } from "@/test/sent";
import { answers, server } from "@/test/server";

const AFTER = { steps: [], done: true, hidden: false, tour_taken: true };

async function begin() {
  server.use(answers("get", "/reviews", { items: [], next: null }), answers("get", "/brakes", { items: [] }));
  open("/reviews");
  await userEvent.click(await screen.findByRole("button", { name: /^Account/ }));
  await userEvent.click(await screen.findByRole("menuitem", { name: "Take the tour" }));
}

function stop(name: string) {
  return screen.findByRole("dialog", { name });
}

beforeEach(signedIn);

describe("the tour", () => {
  it("goes from place to place and back by keyboard, and says at the end that it was taken", async () => {
    const sent = takes({ "patch /first-steps": AFTER });
    await begin();
    expect(await stop("Overview")).toHaveTextContent("1 of 5");
    expect(within(await stop("Overview")).queryByRole("button", { name: "Back" })).toBeNull();
    await userEvent.keyboard("{ArrowRight}");
    await stop("Inventory");
    await userEvent.keyboard("{ArrowRight}");
    await stop("Connections");
    await userEvent.keyboard("{ArrowLeft}");
    await stop("Inventory");
    await userEvent.click(screen.getByRole("button", { name: "Next" }));
    await stop("Connections");
    await expect.poll(() => screen.getByRole("button", { name: "Next" })).toHaveFocus();
    await userEvent.keyboard("{Enter}");
    await stop("Review");
    await userEvent.keyboard("{ArrowRight}");
    const last = await stop("Search");
    expect(within(last).queryByRole("button", { name: "Skip" })).toBeNull();
    expect(sent).toEqual([]);
    await userEvent.click(within(last).getByRole("button", { name: "Done" }));
    await expect.poll(() => screen.queryByRole("dialog")).toBeNull();
    await expect.poll(() => sent.map(({ body }) => body)).toEqual([{ tour_taken: true }]);
    expect(screen.getByRole("main")).toHaveFocus();
  });

  it.each([
    ["a click", () => userEvent.click(screen.getByRole("button", { name: "Skip" }))],
    ["Escape", () => userEvent.keyboard("{Escape}")],
  ])("is skipped by %s, which counts as taken", async (_how, skip) => {
    const sent = takes({ "patch /first-steps": AFTER });
    await begin();
    await stop("Overview");
    await skip();
    await expect.poll(() => screen.queryByRole("dialog")).toBeNull();
    await expect.poll(() => sent.map(({ body }) => body)).toEqual([{ tour_taken: true }]);
  });
});
