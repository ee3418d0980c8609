"""Whether the ledger agrees with itself and with the orders, and our beliefs of channels with their records.

Each check is one statement, hence one snapshot: it may run beside the workers.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.services.cells import UNREADABLE
from app.services.queries.paging import Row, read
from app.services.readings import READING_DECIDES

NOBODY_WAITS_LONGER = timedelta(hours=1)
"""After an attempt's deadline; what decides it is due seconds later."""


class CellFault(StrEnum):
    """What can be wrong with a cell."""

    DRIFT = "drift"
    """Its pending drift is not the one on record."""
    VERSION = "version"
    """More was written than was ever wanted, so that a change would not count as one."""
    ATTEMPT = "attempt"
    """The outcome of a write is unknown, and nothing is due that would tell it."""


def levels_counted() -> int:
    """How many levels there are to check, in all accounts."""
    return int(read(_COUNT)[0]["levels"])


def accounts() -> list[int]:
    """Those that have levels."""
    return [row["account_id"] for row in read(_ACCOUNTS)]


def wrong_levels(
    session: Session, *, account_id: int | None = None, variant_ids: Sequence[int] | None = None
) -> list[Row]:
    """Levels that are not the sum of their movements, or hold what no open order holds."""
    variants = None if variant_ids is None else list(variant_ids)
    rows = session.execute(_WRONG_LEVELS, {"account_id": account_id, "variants": variants})
    return [dict(row) for row in rows.mappings()]


def wrong_cells(
    session: Session, *, account_id: int | None = None, cell_ids: Sequence[int] | None = None
) -> list[Row]:
    """Cells that disagree with their records, with their `faults`. See CellFault."""
    rows = session.execute(
        _WRONG_CELLS,
        {
            "account_id": account_id,
            "cells": None if cell_ids is None else list(cell_ids),
            "unreadable": list(UNREADABLE),
            "reading_decides": READING_DECIDES,
            "patience": NOBODY_WAITS_LONGER,
        },
    )
    return [dict(row) for row in rows.mappings()]


_COUNT = text("SELECT count(*) AS levels FROM stock_levels")
_ACCOUNTS = text("SELECT DISTINCT account_id FROM stock_levels ORDER BY account_id")
_WRONG_LEVELS = text(
    """
    WITH levels AS (
        SELECT id, variant_id, location_id, on_hand, committed FROM stock_levels
        WHERE (CAST(:account_id AS bigint) IS NULL OR account_id = CAST(:account_id AS bigint))
            AND (CAST(:variants AS bigint[]) IS NULL OR variant_id = ANY(CAST(:variants AS bigint[])))
    ),
    moved AS (
        SELECT m.level_id, max(m.id) AS last_id, sum(m.on_hand_delta) AS on_hand,
            sum(m.committed_delta) AS committed
        FROM levels l JOIN stock_movements m ON m.level_id = l.id GROUP BY m.level_id
    ),
    held AS (
        SELECT p.variant_id, n.applied_location_id AS location_id,
            sum(n.applied_committed * n.applied_factor * p.units) AS committed
        FROM order_lines n
        CROSS JOIN LATERAL (
            SELECT n.applied_variant_id AS variant_id, 1 AS units WHERE n.applied_components IS NULL
            UNION ALL
            SELECT CAST(c ->> 0 AS bigint), CAST(c ->> 1 AS int)
            FROM jsonb_array_elements(n.applied_components) c
        ) p
        WHERE n.applied_variant_id IS NOT NULL AND n.applied_location_id IS NOT NULL
            AND (CAST(:account_id AS bigint) IS NULL OR n.account_id = CAST(:account_id AS bigint))
            AND (CAST(:variants AS bigint[]) IS NULL OR (
                p.variant_id = ANY(CAST(:variants AS bigint[]))
                AND (n.applied_components IS NOT NULL
                    OR n.applied_variant_id = ANY(CAST(:variants AS bigint[])))
            ))
        GROUP BY p.variant_id, n.applied_location_id
    ),
    compared AS (
        SELECT coalesce(l.variant_id, h.variant_id) AS variant_id,
            coalesce(l.location_id, h.location_id) AS location_id,
            coalesce(m.last_id, 0) AS last_movement_id,
            coalesce(l.on_hand, 0) AS on_hand, coalesce(m.on_hand, 0) AS on_hand_moved,
            coalesce(l.committed, 0) AS committed, coalesce(m.committed, 0) AS committed_moved,
            coalesce(h.committed, 0) AS committed_held
        FROM levels l
        LEFT JOIN moved m ON m.level_id = l.id
        FULL JOIN held h ON h.variant_id = l.variant_id AND h.location_id = l.location_id
    )
    SELECT v.account_id, c.variant_id, v.sku, v.title, c.location_id, p.name AS location,
        c.last_movement_id, c.on_hand, c.on_hand_moved, c.committed, c.committed_moved, c.committed_held
    FROM compared c
    JOIN variants v ON v.id = c.variant_id
    LEFT JOIN locations p ON p.id = c.location_id
    WHERE c.on_hand <> c.on_hand_moved OR c.committed <> c.committed_moved
        OR c.committed <> c.committed_held
    ORDER BY v.account_id, c.variant_id, c.location_id
    """
)
_WRONG_CELLS = text(
    """
    SELECT f.*, v.sku, v.title, n.name AS connection
    FROM (
        SELECT c.id AS cell_id, c.account_id, c.connection_id, c.variant_id, c.location_id,
            c.external_stock_id, c.drift, coalesce(d.quantity, 0) AS drift_on_record,
            c.wanted_version, c.synced_version, a.id AS attempt_id, a.to_quantity AS attempted,
            array_remove(ARRAY[
                CASE WHEN c.drift <> coalesce(d.quantity, 0) THEN 'drift' END,
                CASE WHEN c.synced_version > c.wanted_version THEN 'version' END,
                CASE WHEN a.deadline_at < now() - CAST(:patience AS interval) AND c.check_due_at IS NULL
                    AND (c.state <> 'active' OR a.code = :reading_decides)
                    AND NOT (c.state = 'failed' AND c.error = ANY(CAST(:unreadable AS text[])))
                    THEN 'attempt' END
            ], NULL) AS faults
        FROM stock_cells c
        LEFT JOIN drifts d ON d.cell_id = c.id AND d.state IN ('pending', 'review')
        LEFT JOIN push_attempts a ON a.cell_id = c.id AND a.outcome IN ('open', 'unknown')
        WHERE (CAST(:account_id AS bigint) IS NULL OR c.account_id = CAST(:account_id AS bigint))
            AND (CAST(:cells AS bigint[]) IS NULL OR c.id = ANY(CAST(:cells AS bigint[])))
    ) AS f
    JOIN connections n ON n.id = f.connection_id
    LEFT JOIN variants v ON v.id = f.variant_id
    WHERE f.faults <> '{}' AND (f.faults <> '{attempt}' OR n.state IN ('active', 'paused'))
    ORDER BY f.account_id, f.cell_id
    """
)
