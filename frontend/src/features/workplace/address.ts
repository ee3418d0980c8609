/** Which dashboard an address names; the first where it names none. */
export function dashboardFrom(raw: Record<string, unknown>): { id?: number } {
  const id = Number(raw["id"]);
  return Number.isSafeInteger(id) && id > 0 ? { id } : {};
}
