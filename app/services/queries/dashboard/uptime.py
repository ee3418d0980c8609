"""For how much of a time the service did its work, and whether the shops could be reached."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import text

from app.services.queries.dashboard.reporting import Span
from app.services.queries.paging import Row, read
from app.services.uptime import minute_of

SETTLE = timedelta(seconds=30)
"""How long after its end the row of a minute may still be written."""
SECOND = timedelta(seconds=1)


def uptime(asked: Span, *, now: datetime) -> Row:
    """Of the minutes that are over. Before the first probe, and where nobody can tell, it is unknown: that
    counts neither way, and where nothing is known there is no share."""
    first, until = asked.bounds[0], minute_of(now - SETTLE)
    [row] = read(_UPTIME, first=first, end=asked.bounds[-1], until=until)
    end, began = min(asked.bounds[-1], until), row["began_at"]
    probed = max((end - max(first, began)) // SECOND, 0) if began else 0
    known = probed - row["unknown_seconds"]
    return {
        "up_ppm": (known - row["down_seconds"]) * 1_000_000 // known if known else None,
        "up_seconds": known - row["down_seconds"],
        "down_seconds": row["down_seconds"],
        "unknown_seconds": max((end - first) // SECOND, 0) - known,
        "interruptions": row["interruptions"],
        "longest_seconds": row["longest_seconds"],
        "last_interruption": _last(row, until),
        "probed_since": began,
    }


def _last(row: Row, until: datetime) -> Row | None:
    if row["started_at"] is None:
        return None
    ended = row["ended_at"] < until
    return {
        "started_at": row["started_at"],
        "ended_at": row["ended_at"] if ended else None,
        "parts": row["parts"],
    }


def reached(account_id: int, asked: Span) -> list[Row]:
    """Of each shop that was called: in how many hours, and in how many of them none of its calls was answered
    by anything but a fault."""
    rows = read(_REACHED, account_id=account_id, first=asked.bounds[0], end=asked.bounds[-1])
    return [
        {**row, "reached_permille": (row["hours"] - row["hours_out"]) * 1000 // row["hours"]} for row in rows
    ]


# What is written down, the newest minute, and those after it that nobody saw; what touches is one.
_UPTIME = text(
    """
    WITH newest AS (
        SELECT minute, minute + interval '1 minute' AS ended_at, down, unknown FROM probe_minutes
        ORDER BY minute DESC LIMIT 1
    ), spans AS (
        SELECT started_at, ended_at, state, parts FROM interruptions
        WHERE ended_at >= :first AND started_at < :end
        UNION ALL
        SELECT minute, ended_at, CASE WHEN down <> '{}' THEN 'down' ELSE 'unknown' END,
            CASE WHEN down <> '{}' THEN down ELSE unknown END
        FROM newest WHERE down || unknown <> '{}' AND minute < :until
        UNION ALL
        SELECT ended_at, :until, 'down', ARRAY['scheduler'] FROM newest WHERE ended_at < :until
    ), marked AS (
        SELECT s.*, CASE WHEN lag(ended_at) OVER w = started_at AND lag(state) OVER w = state
            THEN 0 ELSE 1 END AS begins
        FROM spans s WINDOW w AS (ORDER BY started_at)
    ), numbered AS (
        SELECT m.*, sum(begins) OVER (ORDER BY started_at) AS number FROM marked m
    ), whole AS (
        SELECT min(started_at) AS started_at, max(ended_at) AS ended_at, min(state) AS state,
            array_agg(DISTINCT part ORDER BY part) AS parts,
            CAST(extract(epoch FROM least(max(ended_at), :end) - greatest(min(started_at), :first)) AS bigint)
                AS seconds
        FROM numbered CROSS JOIN LATERAL unnest(parts) AS part GROUP BY number
        HAVING max(ended_at) > :first AND min(started_at) < :end
    ), sums AS (
        SELECT CAST(coalesce(sum(seconds) FILTER (WHERE state = 'down'), 0) AS bigint) AS down_seconds,
            CAST(coalesce(sum(seconds) FILTER (WHERE state = 'unknown'), 0) AS bigint) AS unknown_seconds,
            count(*) FILTER (WHERE state = 'down') AS interruptions,
            max(seconds) FILTER (WHERE state = 'down') AS longest_seconds
        FROM whole
    )
    SELECT s.*, l.*, (SELECT min(minute) FROM probe_minutes) AS began_at
    FROM sums s LEFT JOIN (
        SELECT started_at, ended_at, parts FROM whole WHERE state = 'down' ORDER BY started_at DESC LIMIT 1
    ) AS l ON true
    """
)
_REACHED = text(
    """
    SELECT c.id AS connection_id, c.platform, c.name, count(*) AS hours,
        count(*) FILTER (WHERE h.succeeded + h.refused + h.throttled = 0) AS hours_out,
        max(h.starts_at) FILTER (WHERE h.succeeded + h.refused + h.throttled = 0) AS last_hour_out
    FROM connections c JOIN platform_call_hours h ON h.connection_id = c.id
    WHERE c.account_id = :account_id AND h.starts_at >= :first AND h.starts_at < :end
    GROUP BY c.id ORDER BY c.id
    """
)
