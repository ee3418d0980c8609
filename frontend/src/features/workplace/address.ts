import { idFrom } from "@/ui/address";

/** Which dashboard an address names; the first where it names none. */
export function dashboardFrom(raw: Record<string, unknown>): { id?: number } {
  const id = idFrom(raw["id"]);
  return id === undefined ? {} : { id };
}
