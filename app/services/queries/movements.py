"""Movements of the ledger in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.domain.sentences import Sentence, say

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
"""What `told` needs to know of a change by hand, or of a count."""


def told(movement: Mapping[str, Any]) -> Sentence:
    """What happened and what it did.

    `movement` has `cause`, `on_hand_delta`, `committed_delta`, `order_number` (None where no order
    caused it), `connection_name` (None where no shop did), `source_key` and the columns of `BY_HAND`.
    """
    on_hand, committed = movement["on_hand_delta"], movement["committed_delta"]
    shop = movement["connection_name"] or "a shop"
    order = {"order": movement["order_number"], "shop": shop}
    both = {"on_hand_change": on_hand, "reserved_change": committed}
    match movement["cause"]:
        case "order" if committed > 0:
            return say("reserved", count=committed, **order)
        case "order":
            return say("freed", count=-committed, **order)
        case "fulfillment" if on_hand == committed:
            return say("shipped", count=-on_hand, **order)
        case "fulfillment":
            return say("settled", **order, **both)
        case "return":
            return say("returned", count=on_hand, **order)
        case "drift":
            return say("changed_at_shop", shop=shop, change=on_hand)
        case "import" if movement["order_number"]:
            return say("open_before", **order, **both)
        case "import" if movement["source_key"].startswith("first_sync:"):
            return say("first_sync", shop=shop, change=on_hand)
        case "import":
            return say("counting_began", count=on_hand, shop=shop)
        case "adjustment" if movement["source_key"].startswith("undo:"):
            return say("taken_back", change=-on_hand)
        case "adjustment" if movement["source_key"].startswith("bundle:"):
            return say("became_bundle", change=on_hand)
        case "transfer" if movement["source_key"].startswith("drift:"):
            return say("moved_from_another" if on_hand > 0 else "moved_to_another", shop=shop, change=on_hand)
        case "adjustment" | "transfer" if movement["change_kind"]:
            return _by_hand(movement)
        case "count" if movement["made_by"]:
            counted, before = movement["counted"], movement["on_hand_then"]
            return say("counted", count=counted, who=movement["made_by"], before=before)
        case cause:
            return say("other", cause=cause, **both)


def _by_hand(movement: Mapping[str, Any]) -> Sentence:
    delta, reason = movement["on_hand_delta"], movement["reason"]
    common = {"count": abs(delta), "who": movement["made_by"], "note": movement["note"]}
    match movement["change_kind"]:
        case "transfer":
            code = "moved_from" if delta > 0 else "moved_to"
            return say(code, location=movement["other_location"], **common)
        case "receipt" if reason == "received":
            return say("received", **common)
        case "receipt":
            return say("received_as", reason=reason, **common)
        case _:
            return say("added" if delta > 0 else "taken_off", reason=reason, **common)
