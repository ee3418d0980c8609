"""Errors by fingerprint, with their rates: for support."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text

from app.domain.suggestions import suggestion
from app.services.queries.paging import Page, Row, decode, moment_of, page, read


def groups(
    *,
    limit: int,
    cursor: str | None,
    platform: str | None = None,
    kind: str | None = None,
    code: str | None = None,
    since: datetime | None = None,
) -> Page:
    """The latest first, with how many there were within a day. Raises InvalidCursor."""
    key = decode(cursor, str, int)
    rows = read(
        _GROUPS,
        limit=limit + 1,
        platform=platform,
        kind=kind,
        code=code,
        since=since,
        last_seen=moment_of(key[0]) if key else None,
        id=key[1] if key else None,
    )
    return page([_told(row) for row in rows], limit, lambda row: (row["last_seen"].isoformat(), row["id"]))


def group(group_id: int) -> Row | None:
    """One, with `hours`: how many in each of the last 48 hours that had any."""
    rows = read(_GROUP, id=group_id)
    return _told(rows[0]) if rows else None


def rates(now: datetime) -> list[Row]:
    """Of the last day by hour: errors of each platform and class, the most first. `hours` has the count of
    each of the 24 hours, that of now last."""
    return read(_RATES, now=now)


def call_rates() -> list[Row]:
    """Of each platform over the last day: calls, and of 1000 those that failed."""
    return [
        {**row, "error_permille": -(-row["failed"] * 1000 // row["calls"]) if row["calls"] else None}
        for row in read(_CALL_RATES)
    ]


def _told(row: Row) -> Row:
    advice = suggestion(row["code"], row["error_class"])
    return {**row, "cause": advice.cause, "remedy": advice.remedy}


_COLUMNS = """
    g.id, g.kind, g.platform, g.code, g.error_class, g.place, g.first_seen, g.last_seen, g.count, g.message
"""
_GROUPS = text(
    f"""
    SELECT {_COLUMNS}, (
        SELECT CAST(coalesce(sum(h.count), 0) AS bigint) FROM error_hours h
        WHERE h.group_id = g.id AND h.hour > now() - interval '1 day'
    ) AS of_a_day
    FROM error_groups g
    WHERE (CAST(:platform AS text) IS NULL OR g.platform = :platform)
        AND (CAST(:kind AS text) IS NULL OR g.kind = :kind)
        AND (CAST(:code AS text) IS NULL OR g.code = :code)
        AND (CAST(:since AS timestamptz) IS NULL OR g.last_seen >= :since)
        AND (CAST(:last_seen AS timestamptz) IS NULL OR (g.last_seen, g.id) < (:last_seen, :id))
    ORDER BY g.last_seen DESC, g.id DESC LIMIT :limit
    """  # noqa: S608  (constants)
)
_GROUP = text(
    f"""
    SELECT {_COLUMNS}, (
        SELECT coalesce(jsonb_object_agg(to_char(h.hour AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:00'), h.count),
            '{{}}')
        FROM error_hours h WHERE h.group_id = g.id AND h.hour > now() - interval '48 hours'
    ) AS hours
    FROM error_groups g WHERE g.id = :id
    """  # noqa: S608  (constants)
)
_RATES = text(
    """
    SELECT s.platform, s.error_class, CAST(sum(s.count) AS bigint) AS count,
        ARRAY(
            SELECT coalesce(max(x.count), 0) FROM generate_series(0, 23) AS n
            LEFT JOIN unnest(array_agg(s.ago), array_agg(s.count)) AS x (ago, count) ON x.ago = 23 - n
            GROUP BY n ORDER BY n
        ) AS hours
    FROM (
        SELECT g.platform, g.error_class,
            CAST(extract(epoch FROM date_trunc('hour', CAST(:now AS timestamptz), 'UTC') - h.hour) / 3600
                AS int) AS ago,
            CAST(sum(h.count) AS bigint) AS count
        FROM error_hours h JOIN error_groups g ON g.id = h.group_id
        WHERE h.hour > date_trunc('hour', CAST(:now AS timestamptz), 'UTC') - interval '1 day'
        GROUP BY 1, 2, 3
    ) AS s
    GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 50
    """
)
_CALL_RATES = text(
    """
    SELECT c.platform, CAST(sum(h.failed + h.unreachable) AS bigint) AS failed,
        CAST(sum(h.succeeded + h.refused + h.throttled + h.failed + h.unreachable) AS bigint) AS calls
    FROM connections c JOIN platform_call_hours h ON h.connection_id = c.id
    WHERE h.starts_at > now() - interval '1 day'
    GROUP BY 1 ORDER BY 1
    """
)
