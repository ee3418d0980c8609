"""How each shop is doing."""

from __future__ import annotations

from sqlalchemy import text

from app.services.queries.connection_health import healths
from app.services.queries.paging import Row, read
from app.services.turns import LAST_SUCCESS

RATE_SECONDS = 1800
"""What `items_per_second` is the mean of: the quarters of an hour that began within it."""


def shop_status(account_id: int) -> list[Row]:
    """Of each connected shop, in the order in which they were connected."""
    lit = {row["id"]: row for row in healths(account_id)}
    rows = read(_SHOPS, account_id=account_id, seconds=RATE_SECONDS)
    return [_with_light(row, lit[row["connection_id"]]) for row in rows if row["connection_id"] in lit]


def _with_light(row: Row, health: Row) -> Row:
    pending = row["pending_events"] + row["dirty_cells"] + row["open_attempts"]
    return {
        **row,
        "light": health["light"]["colour"],
        "reasons": health["reasons"],
        "pending": pending,
        "items_per_second": round(row["applied"] / RATE_SECONDS, 3),
    }


# Each count is of what is open, by a partial index of it.
_SHOPS = text(
    f"""
    SELECT c.id AS connection_id, c.platform, c.name, c.state, c.state_reason, c.failures, c.last_error,
        c.braked_at, {LAST_SUCCESS} AS last_success_at,
        (SELECT count(*) FROM inbound_events e
         WHERE e.connection_id = c.id AND e.state IN ('pending', 'retrying')) AS pending_events,
        (SELECT count(*) FROM stock_cells s WHERE s.connection_id = c.id
         AND s.dirty_since IS NOT NULL AND s.state = 'active') AS dirty_cells,
        (SELECT count(*) FROM stock_cells s
         WHERE s.connection_id = c.id AND s.state = 'failed' AND s.variant_id IS NOT NULL) AS failed_cells,
        (SELECT count(*) FROM push_attempts a
         WHERE a.connection_id = c.id AND a.outcome IN ('open', 'unknown')) AS open_attempts,
        (SELECT count(*) FROM drifts d JOIN stock_cells s ON s.id = d.cell_id
         WHERE d.account_id = c.account_id AND d.state = 'review' AND s.connection_id = c.id) AS reviews,
        (SELECT CAST(coalesce(sum(p.applied), 0) AS bigint) FROM push_sums p
         WHERE p.account_id = c.account_id AND p.connection_id = c.id
            AND p.at > now() - make_interval(secs => :seconds)) AS applied
    FROM connections c
    WHERE c.account_id = :account_id AND c.state NOT IN ('connecting', 'disconnected') ORDER BY c.id
    """  # noqa: S608  (a constant)
)
