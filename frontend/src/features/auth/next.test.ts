import { describe, expect, it } from "vitest";

import { HOME, safePath } from "./next";

describe("where one was going", () => {
  it.each(["/orders?state=open", "/orders/17", "/overview"])("is %s", (path) => {
    expect(safePath(path)).toBe(path);
  });

  it.each(["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "", "/sign-in?next=/x"])(
    "is never %s",
    (path) => {
      expect(safePath(path)).toBe(HOME);
    },
  );
});
