"""Whether the ledger agrees with itself and with the orders."""

from __future__ import annotations

from sqlalchemy import text

from app.services.queries.paging import Row, read


def levels_counted() -> int:
    """How many levels there are to check, in all accounts."""
    return int(read(_COUNT)[0]["levels"])


def mismatches() -> list[Row]:
    """Levels that are not the sum of their movements, or hold what no open order holds.

    One statement over all accounts, hence one snapshot: it may run beside the workers.
    """
    return read(_MISMATCHES)


_COUNT = text("SELECT count(*) AS levels FROM stock_levels")
_MISMATCHES = text(
    """
    WITH moved AS (
        SELECT level_id, sum(on_hand_delta) AS on_hand, sum(committed_delta) AS committed
        FROM stock_movements GROUP BY level_id
    ),
    held AS (
        SELECT applied_variant_id AS variant_id, applied_location_id AS location_id,
               sum(applied_committed * applied_factor) AS committed
        FROM order_lines WHERE applied_variant_id IS NOT NULL AND applied_location_id IS NOT NULL
        GROUP BY applied_variant_id, applied_location_id
    ),
    compared AS (
        SELECT coalesce(l.variant_id, h.variant_id) AS variant_id,
               coalesce(l.location_id, h.location_id) AS location_id,
               coalesce(l.on_hand, 0) AS on_hand, coalesce(m.on_hand, 0) AS on_hand_moved,
               coalesce(l.committed, 0) AS committed, coalesce(m.committed, 0) AS committed_moved,
               coalesce(h.committed, 0) AS committed_held
        FROM stock_levels l
        LEFT JOIN moved m ON m.level_id = l.id
        FULL JOIN held h ON h.variant_id = l.variant_id AND h.location_id = l.location_id
    )
    SELECT v.account_id, c.variant_id, v.sku, v.title, p.name AS location, c.on_hand, c.on_hand_moved,
           c.committed, c.committed_moved, c.committed_held
    FROM compared c
    JOIN variants v ON v.id = c.variant_id
    LEFT JOIN locations p ON p.id = c.location_id
    WHERE c.on_hand <> c.on_hand_moved OR c.committed <> c.committed_moved
       OR c.committed <> c.committed_held
    ORDER BY v.account_id, c.variant_id, c.location_id
    """
)
