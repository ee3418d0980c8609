"""What came to the shelves and left them."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.services.rollups.horizon import Stretch, pass_on
from app.services.rollups.orders import QUARTER

KIND = "CASE WHEN h.kind = 'receipt' THEN 'receipt' ELSE m.cause END"
KINDS_FROM = """
    stock_movements m LEFT JOIN stock_changes h ON h.id = CASE WHEN m.source_key LIKE 'change:%'
        THEN CAST(split_part(m.source_key, ':', 2) AS bigint) END
"""


def fold_movements(rollup_id: int) -> bool:
    """Count the next movements; the value of what they moved is due. True if there may be more at once."""
    return pass_on(rollup_id, "stock_movements", _count)


def _count(session: Session, stretch: Stretch) -> None:
    session.execute(_FOLD, {"after": stretch.after, "until": stretch.until})


_FOLD = text(
    f"""
    WITH moved AS MATERIALIZED (
        SELECT m.account_id, m.variant_id, m.location_id, {KIND} AS kind, m.on_hand_delta AS units,
            {QUARTER.format(at="m.created_at")} AS at
        FROM {KINDS_FROM}
        WHERE m.id > :after AND m.id <= :until AND m.on_hand_delta <> 0
    ),
    due AS (
        INSERT INTO unvalued_variants (account_id, variant_id)
        SELECT DISTINCT account_id, variant_id FROM moved
    )
    INSERT INTO movement_sums AS s (account_id, at, location_id, kind, units_in, units_out)
    SELECT account_id, at, location_id, kind, sum(greatest(units, 0)), sum(greatest(-units, 0))
    FROM moved GROUP BY account_id, at, location_id, kind
    ON CONFLICT (account_id, at, location_id, kind) DO UPDATE SET
        units_in = s.units_in + EXCLUDED.units_in, units_out = s.units_out + EXCLUDED.units_out
    """  # noqa: S608  (constants)
)
