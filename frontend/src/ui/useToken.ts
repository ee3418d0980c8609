import { useState } from "react";

/** The one-time token of a mail's link: what follows `#token=`, which browsers send to nobody. */
export function useToken(): string {
  const [token] = useState(() => new URLSearchParams(window.location.hash.slice(1)).get("token") ?? "");
  return token;
}
