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
    LEFT JOIN stock_cells s ON s.id = coalesce(d.cell_id, CASE
        WHEN m.source_key LIKE 'baseline:%' OR m.source_key LIKE 'first_sync:%'
        THEN CAST(split_part(m.source_key, ':', 2) AS bigint) END)
    LEFT JOIN connections c ON c.id = coalesce(o.connection_id, s.connection_id)
    LEFT JOIN stock_changes h ON h.id = CASE WHEN m.source_key LIKE 'change:%'
        THEN CAST(split_part(m.source_key, ':', 2) AS bigint) END
    LEFT JOIN locations w ON w.id = CASE WHEN h.location_id = m.location_id
        THEN h.to_location_id ELSE h.location_id END
    LEFT JOIN stock_count_lines k ON k.id = CASE WHEN m.source_key LIKE 'count:%'
        THEN CAST(split_part(m.source_key, ':', 2) AS bigint) END
    LEFT JOIN users u ON u.id = CASE WHEN coalesce(h.actor, k.actor) LIKE 'user:%'
        THEN CAST(split_part(coalesce(h.actor, k.actor), ':', 2) AS bigint) END
"""
"""Joins a movement `m` by its source key to its order `o` and its connection `c`, or to the change by hand
`h` (with the other end `w` of a transfer) or the counted line `k` and the user `u`, where it has them."""
OF_LINES = """
    order_lines l
    CROSS JOIN LATERAL unnest(ARRAY(
        SELECT 'line:' || l.id || ':' || seq || part.of
        FROM generate_series(0, l.effect_seq) AS seq
        CROSS JOIN (
            SELECT '' AS of
            UNION ALL SELECT ':' || (p ->> 0) FROM jsonb_array_elements(l.applied_components) p
        ) AS part
    )) AS k (source_key)
    CROSS JOIN LATERAL (
        SELECT * FROM stock_movements
        WHERE account_id = l.account_id AND source_key = k.source_key LIMIT 1
    ) AS m
"""
"""Order lines `l` with the movements `m` that they made, those of a bundle's components included.

Each is looked up by its key: the planner takes a few keys for very many, and would read the whole ledger.
"""
BY_HAND = """
    h.kind AS change_kind, h.reason, h.note, w.name AS other_location, k.counted, k.on_hand_then,
    coalesce(u.email, h.actor, k.actor) AS made_by
"""
"""What `in_words` needs to know of a change by hand, or of a count."""


def in_words(movement: Mapping[str, Any]) -> str:
    """What happened and what it did.

    `movement` has `cause`, `on_hand_delta`, `committed_delta`, `order_number` (None where no order
    caused it), `connection_name` (None where no shop did), `source_key` and the columns of `BY_HAND`.
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
        case "import" if movement["source_key"].startswith("first_sync:"):
            return f"set by {shop}'s number at its first sync: {on_hand:+d}"
        case "import":
            return f"counting began with {_units(on_hand)} from {shop}"
        case "adjustment" if movement["source_key"].startswith("undo:"):
            return f"what had been changed by {-on_hand:+d} was taken back"
        case "adjustment" if movement["source_key"].startswith("bundle:"):
            return f"it became a bundle: {on_hand:+d} of its own stock"
        case "transfer" if movement["source_key"].startswith("drift:"):
            return f"moved {'from' if on_hand > 0 else 'to'} another location at {shop}: {on_hand:+d}"
        case "adjustment" | "transfer" if movement["change_kind"]:
            return _by_hand(movement)
        case "count" if movement["made_by"]:
            counted, before = movement["counted"], movement["on_hand_then"]
            return f"{_units(counted)} counted by {movement['made_by']} where the ledger had {before}"
        case cause:
            return f"{cause}: {_deltas(on_hand, committed)}"


def _by_hand(movement: Mapping[str, Any]) -> str:
    delta, reason = movement["on_hand_delta"], movement["reason"]
    match movement["change_kind"]:
        case "transfer":
            what = f"moved {'from' if delta > 0 else 'to'} {movement['other_location']}"
        case "receipt":
            what = "received" if reason == "received" else f"received ({reason})"
        case _:
            what = f"{'added' if delta > 0 else 'taken off'} ({reason})"
    note = f": {movement['note']}" if movement["note"] else ""
    return f"{_units(abs(delta))} {what} by {movement['made_by']}{note}"


def _units(count: int) -> str:
    return "1 unit" if count == 1 else f"{count} units"


def _deltas(on_hand: int, committed: int) -> str:
    parts = [(on_hand, "on hand"), (committed, "reserved")]
    return ", ".join(f"{delta:+d} {name}" for delta, name in parts if delta)
