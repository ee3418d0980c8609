/** The page anew, for a part of the app that is missing (`PartMissing`): it is of the newest build then. */

import { reload } from "@/ui/leaving";

const RELOADED = "syncflow.reloaded";
const APART_MS = 60_000;

/** Unless nobody answers: the browser's own page, which would take this one's place, knows no way back. */
export async function loadAnew(): Promise<void> {
  const answer = await fetch(window.location.href, { cache: "no-store", headers: { Accept: "text/html" } }).catch(() => null);
  if (answer?.ok) {
    reload();
  }
}

/** The same without being asked, but not over and over. */
export async function loadAnewOnce(): Promise<void> {
  if (Date.now() - Number(sessionStorage.getItem(RELOADED) ?? 0) > APART_MS) {
    sessionStorage.setItem(RELOADED, String(Date.now()));
    await loadAnew();
  }
}
