/** A key by which the API knows what is sent again. Random enough to be nobody else's, also where a page is not served by
 *  https. */
export function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
