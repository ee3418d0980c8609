/** Leave the app for a platform's consent page; the way back leads to `/connections`. */
export function goTo(address: string): void {
  window.location.assign(address);
}
