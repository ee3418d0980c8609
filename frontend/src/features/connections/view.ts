export const TABS = ["health", "settings", "locations", "prices"] as const;
export type Tab = (typeof TABS)[number];

/** Which part of a connection's page an address shows; its health where it names none. */
export function viewFrom(raw: Record<string, unknown>): { tab?: Tab } {
  const tab = TABS.find((each) => each === raw["tab"]);
  return tab === undefined || tab === "health" ? {} : { tab };
}

/** What somebody is about to connect: the platform, and the shop's address where that is known. */
export interface Choice {
  platform?: string;
  address?: string;
}

export function choiceFrom(raw: Record<string, unknown>): Choice {
  const text = (name: keyof Choice) => (typeof raw[name] === "string" ? { [name]: raw[name] } : {});
  return { ...text("platform"), ...text("address") };
}
