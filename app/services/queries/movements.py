"""Movements of the ledger in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

WHAT_IS_BEHIND = """
    LEFT JOIN order_lines ol ON ol.id = CASE WHEN m.source_key LIKE 'line:%'
        THEN CAST(split_part(m.source_key, ':', 2) AS bigint) END
    LEFT JOIN orders o ON o.id = ol.order_id
    LEFT JOIN drifts d ON d.id = CASE WHEN m.source_key LIKE 'drift:%'
        THEN CAST(split_part(m.source_key, ':', 2) AS bigint) END
    LEFT JOIN stock_cells s ON s.id = coalesce(d.cell_id, CASE WHEN m.source_key LIKE 'baseline:%'
        THEN CAST(split_part(m.source_key, ':', 2) AS bigint) END)
    LEFT JOIN connections c ON c.id = coalesce(o.connection_id, s.connection_id)
"""
"""Joins a movement `m` to its order `o` and its connection `c`, where it has them, by its source key."""


def in_words(movement: Mapping[str, Any]) -> str:
    """What happened and what it did.

    `movement` has `cause`, `on_hand_delta`, `committed_delta`, `order_number` (None where no order
    caused it) and `connection_name` (None where no shop did).
    """
    on_hand, committed = movement["on_hand_delta"], movement["committed_delta"]
    shop = movement["connection_name"] or "a shop"
    order = (
        f"order {movement['order_number']} at {shop}" if movement["order_number"] else f"an order at {shop}"
    )
    match movement["cause"]:
        case "order" if committed > 0:
            return f"{_units(committed)} reserved for {order}"
        case "order":
            return f"{_units(-committed)} of {order} free again"
        case "fulfillment" if on_hand == committed:
            return f"{_units(-on_hand)} of {order} left the shelf"
        case "fulfillment":
            return f"{order}: {_deltas(on_hand, committed)}"
        case "return":
            return f"{_units(on_hand)} of {order} came back to the shelf"
        case "drift":
            return f"the number at {shop} was changed there by {on_hand:+d}"
        case "import" if movement["order_number"]:
            return f"{order} was open when counting began: {_deltas(on_hand, committed)}"
        case "import":
            return f"counting began with {_units(on_hand)} from {shop}"
        case cause:
            return f"{cause}: {_deltas(on_hand, committed)}"


def _units(count: int) -> str:
    return "1 unit" if count == 1 else f"{count} units"


def _deltas(on_hand: int, committed: int) -> str:
    parts = [(on_hand, "on hand"), (committed, "reserved")]
    return ", ".join(f"{delta:+d} {name}" for delta, name in parts if delta)
