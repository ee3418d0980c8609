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
