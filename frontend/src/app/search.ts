/** Addresses as people write them: `?state=open&state=fulfilled&q=1001`. Values are text; who reads them says
 *  what they mean. */

export function parseSearch(text: string): Record<string, string | string[]> {
  const found: Record<string, string | string[]> = {};
  for (const [name, value] of new URLSearchParams(text)) {
    const before = found[name];
    found[name] = before === undefined ? value : [before, value].flat();
  }
  return found;
}

export function writeSearch(search: Record<string, unknown>): string {
  const written = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each !== undefined && each !== null && each !== "") {
        written.append(name, String(each));
      }
    }
  }
  const text = written.toString();
  return text === "" ? "" : `?${text}`;
}

/** What a route reads of its address, and nothing else. The router lays it over what the address says: what makes no
 *  sense there has to be said to be nothing. */
export function only<Found extends object>(read: (raw: Record<string, unknown>) => Found) {
  return (raw: Record<string, unknown>): Found => ({
    ...Object.fromEntries(Object.keys(raw).map((name) => [name, undefined])),
    ...read(raw),
  });
}
