import type { Schemas } from "@/api/client";
import type { LightColour } from "@/ui/Light";
import type { Told } from "@/ui/reasons";

export type Connection = Schemas["Connection"];

export interface ShopRow {
  connection: Connection;
  colour: LightColour;
  told: Told;
  pending: number;
}

/** How long an attempt to connect that came to nothing is worth a word. */
const FRESH_MS = 3_600_000;

/** Shops, each with its light. A shop that is disconnected has none of its own. */
export function rowsOf(
  connections: readonly Connection[],
  statuses: readonly Schemas["ShopStatus"][],
): ShopRow[] {
  const known = new Map(statuses.map((status) => [status.connection_id, status]));
  return connections.filter(isShop).map((connection) => {
    const status = known.get(connection.id);
    return status === undefined
      ? { connection, colour: "amber", told: toldOf(connection), pending: 0 }
      : { connection, colour: status.light, told: status, pending: status.pending };
  });
}

/** Attempts to connect that wait for consent, or came to nothing a short while ago, the last one first. */
export function attemptsOf(connections: readonly Connection[], now: number): Connection[] {
  const since = (connection: Connection) => now - new Date(connection.created_at).getTime();
  return connections.filter((each) => !isShop(each) && since(each) < FRESH_MS).toReversed();
}

/** Where the shop is, as the merchant wrote it. */
export function addressOf(connection: Connection): string {
  const written = connection.config["shop"] ?? connection.config["store_url"];
  return connection.shop || (typeof written === "string" ? written : "");
}

function isShop(connection: Connection): boolean {
  return connection.shop !== "";
}

function toldOf(connection: Connection): Told {
  const { counts, state, failures, last_error, last_error_said, last_success_at } = connection;
  return {
    state,
    reasons: [state],
    failures,
    last_error,
    last_error_said,
    last_success_at,
    reviews: counts.reviews,
    failed_cells: counts.failed_cells,
  };
}
