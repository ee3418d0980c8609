"""What operators ask of the whole installation."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text

from app.services.queries.paging import Row, read

SCHEDULER_LOCK = 7_311_020_001
"""Of the PostgreSQL advisory lock that the one working scheduler holds."""


def holds_advisory_lock(key: int) -> bool:
    """Whether some session of this database holds the lock `pg_advisory_lock(key)`."""
    return bool(read(_LOCK, key=key)[0]["held"])


def held_lock(key: str) -> str:
    """The condition in SQL for that; `key` is a number or a parameter."""
    return f"""EXISTS (
        SELECT 1 FROM pg_locks
        WHERE locktype = 'advisory' AND granted AND objsubid = 1
          AND (CAST(classid AS bigint) << 32) + CAST(objid AS bigint) = {key}
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    )"""  # noqa: S608  (our own words)


def clock_difference_seconds(now: datetime) -> float:
    """How far `now` is ahead of the database's clock."""
    moment: datetime = read(_NOW)[0]["now"]
    return (now - moment).total_seconds()


def oldest_waiting_event() -> float | None:
    """Seconds that the oldest event has waited that somebody should have processed by now."""
    seconds = read(_WAITING)[0]["seconds"]
    return None if seconds is None else float(seconds)


def working_shops() -> list[int]:
    """The connections that are synced, or would be if they were not paused."""
    return [row["id"] for row in read(_WORKING)]


def troubles() -> Row:
    """How many shops refuse us or fail, and how much work waits for a person."""
    return read(_TROUBLES)[0]


_WORKING = text("SELECT id FROM connections WHERE state IN ('active', 'paused') ORDER BY id")
_TROUBLES = text(
    """
    SELECT (SELECT count(*) FROM connections WHERE state = 'needs_auth') AS needs_auth,
        (SELECT count(*) FROM connections
         WHERE failures > 0 AND state IN ('importing', 'review', 'active', 'paused')) AS failing,
        (SELECT count(*) FROM dead_letters WHERE state = 'dead') AS dead_letters
    """
)
_LOCK = text(f"SELECT {held_lock(':key')} AS held")
_NOW = text("SELECT clock_timestamp() AS now")
_WAITING = text(
    """
    SELECT extract(epoch FROM now() - min(e.received_at)) AS seconds
    FROM inbound_events e JOIN connections c ON c.id = e.connection_id
    WHERE e.state = 'pending' AND c.state IN ('review', 'active', 'paused')
    """
)
