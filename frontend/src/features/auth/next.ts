export const HOME = "/overview";

/** Where somebody was going before they had to sign in: a place in this app, and nowhere else. */
export function safePath(next: string | undefined): string {
  if (next === undefined || !next.startsWith("/") || /^\/[/\\]/.test(next) || next.startsWith("/sign-in")) {
    return HOME;
  }
  return next;
}
