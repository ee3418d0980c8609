/** Which of a shop's locations is which of ours, as it stands in a form. */

import type { Schemas } from "@/api/client";

export type ShopLocation = Schemas["ShopLocation"];
export type Mapping = Schemas["MappedInput"][];

/** Ours by the shop's own id, in the order that counts. */
export type Chosen = ReadonlyMap<string, readonly number[]>;

export function chosenOf(locations: readonly ShopLocation[]): Chosen {
  const chosen = new Map<string, number[]>();
  for (const { external_location_id, location_id } of locations) {
    const ours = chosen.get(external_location_id) ?? [];
    chosen.set(external_location_id, location_id === null ? ours : [...ours, location_id]);
  }
  return chosen;
}

export function mappingOf(chosen: Chosen): Mapping {
  return [...chosen].flatMap(([external_location_id, ours]) =>
    ours.map((location_id) => ({ external_location_id, location_id })),
  );
}

/** Each of the shop's locations once: one that is several of ours comes once for each. */
export function eachOnce(locations: readonly ShopLocation[]): ShopLocation[] {
  return [...new Map(locations.map((each) => [each.external_location_id, each])).values()];
}
