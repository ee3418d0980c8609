"""What became of the numbers that were written to shops."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.services.rollups.horizon import Stretch, pass_on
from app.services.rollups.orders import QUARTER
from app.services.uow import unit_of_work

OUTCOMES = """
    count(*) FILTER (WHERE outcome = 'applied') AS applied,
    count(*) FILTER (WHERE outcome = 'stale') AS stale,
    count(*) FILTER (WHERE outcome IN ('rejected', 'not_applied')) AS failed
"""
OPEN = "('open', 'unknown')"


def fold_pushes(rollup_id: int) -> bool:
    """Count the next writes, and those passed before whose outcome is known by now. True if there may be more
    at once."""
    with unit_of_work() as uow:
        uow.session.execute(_DECIDED)
        uow.commit()
    return pass_on(rollup_id, "push_attempts", _count)


def _count(session: Session, stretch: Stretch) -> None:
    session.execute(_FOLD, {"after": stretch.after, "until": stretch.until})


_SUM = f"""
    INSERT INTO push_sums AS s (account_id, at, connection_id, applied, stale, failed)
    SELECT account_id, {QUARTER.format(at="created_at")} AS at, connection_id, {OUTCOMES}
    FROM closed GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (account_id, at, connection_id) DO UPDATE SET applied = s.applied + EXCLUDED.applied,
        stale = s.stale + EXCLUDED.stale, failed = s.failed + EXCLUDED.failed
"""  # noqa: S608  (constants)
_DECIDED = text(
    f"""
    WITH decided AS MATERIALIZED (
        SELECT u.attempt_id FROM uncounted_pushes u LEFT JOIN push_attempts a ON a.id = u.attempt_id
        WHERE a.id IS NULL OR a.outcome NOT IN {OPEN}
        ORDER BY u.attempt_id FOR UPDATE OF u SKIP LOCKED
    ),
    passed AS (DELETE FROM uncounted_pushes u USING decided d WHERE u.attempt_id = d.attempt_id),
    closed AS (SELECT a.* FROM push_attempts a JOIN decided d ON d.attempt_id = a.id)
    {_SUM}
    """  # noqa: S608  (constants)
)
_FOLD = text(
    f"""
    WITH passed AS MATERIALIZED (
        SELECT id, account_id, connection_id, created_at, outcome FROM push_attempts
        WHERE id > :after AND id <= :until
    ),
    left_open AS (
        INSERT INTO uncounted_pushes (attempt_id, account_id)
        SELECT id, account_id FROM passed WHERE outcome IN {OPEN}
    ),
    closed AS (SELECT * FROM passed WHERE outcome NOT IN {OPEN})
    {_SUM}
    """  # noqa: S608  (constants)
)
