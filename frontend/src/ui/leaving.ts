/** Leave the app for a platform's consent page; the way back leads to `/connections`. */
export function goTo(address: string): void {
  window.location.assign(address);
}

/** Leave it for itself, loaded anew. */
export function reload(): void {
  window.location.reload();
}
