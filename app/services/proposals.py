"""Rules of publishing as somebody thinks of setting them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

OF_A_CONNECTION = ("share_percent", "buffer", "cap")
OF_A_LISTING = (*OF_A_CONNECTION, "fixed_quantity")


@dataclass(frozen=True, slots=True)
class Proposal:
    """What would be set: the account's safety stock, and by id what of each connection and of each listing.

    What it does not name stays as it is. Either may be `paused` too; a listing's None takes its connection's
    rule again.
    """

    safety_stock: int | None = None
    connections: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    listings: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)

    def parameters(self) -> dict[str, object]:
        """Those of AS_PROPOSED."""
        return {
            "safety_stock": self.safety_stock,
            "of_connections": json.dumps(self.connections),
            "of_listings": json.dumps(self.listings),
        }


def _named(parameter: str, name: str) -> str:
    return f"CAST(:{parameter} AS jsonb) -> CAST(t.id AS text) ->> '{name}'"


def _numbers(parameter: str, names: tuple[str, ...]) -> str:
    return ", ".join(
        f"CASE WHEN CAST(:{parameter} AS jsonb) -> CAST(t.id AS text) ? '{name}'"
        f" THEN CAST({_named(parameter, name)} AS int) ELSE t.{name} END AS {name}"
        for name in names
    )


AS_PROPOSED = f"""
    WITH accounts AS NOT MATERIALIZED (
        SELECT t.id, t.writes_stopped_at,
            coalesce(CAST(:safety_stock AS int), t.safety_stock) AS safety_stock
        FROM accounts t
    ), connections AS NOT MATERIALIZED (
        SELECT t.id, t.name, {_numbers("of_connections", OF_A_CONNECTION)},
            CASE WHEN t.state IN ('active', 'paused') THEN CASE {_named("of_connections", "paused")}
                WHEN 'true' THEN 'paused' WHEN 'false' THEN 'active' ELSE t.state
            END ELSE t.state END AS state
        FROM connections t
    ), listings AS NOT MATERIALIZED (
        SELECT t.id, t.account_id, t.connection_id, t.variant_id, t.external_stock_id, t.sku,
            t.title,
            coalesce(CAST({_named("of_listings", "paused")} AS boolean), t.paused) AS paused,
            {_numbers("of_listings", OF_A_LISTING)}
        FROM listings t
    )
"""  # noqa: S608  (names from above)
"""Before a SELECT: it reads the rules as they would be, by the names of the tables that hold them."""
