"""Alerts of the installation: for those who run it."""

from __future__ import annotations

from sqlalchemy import text

from app.domain.alerts import WORDS, AlertKind
from app.services.queries.paging import Page, Row, decode, moment_of, page, read


def alerts(*, limit: int, cursor: str | None, kind: str | None = None, open: str | None = None) -> Page:
    """The latest first; with `open` "yes" only those that are so now. Raises InvalidCursor."""
    key = decode(cursor, str, int)
    rows = read(
        _ALERTS,
        limit=limit + 1,
        kind=kind,
        open=open == "yes",
        raised_at=moment_of(key[0]) if key else None,
        id=key[1] if key else None,
    )
    return page([_told(row) for row in rows], limit, lambda row: (row["raised_at"].isoformat(), row["id"]))


def open_alerts() -> list[Row]:
    """Those that are so now, at most 50."""
    return list(alerts(limit=50, cursor=None, open="yes").items)


def open_events() -> list[Row]:
    """How many events of each kind are open, over all merchants."""
    return read(_OPEN_EVENTS)


def _told(row: Row) -> Row:
    known = WORDS.get(AlertKind(row["kind"])) if row["kind"] in set(AlertKind) else None
    return {**row, "means": known.means if known else "", "remedy": known.remedy if known else ""}


_ALERTS = text(
    """
    SELECT id, kind, subject, detail, raised_at, cleared_at FROM alerts
    WHERE (CAST(:kind AS text) IS NULL OR kind = :kind) AND (NOT :open OR cleared_at IS NULL)
        AND (CAST(:raised_at AS timestamptz) IS NULL OR (raised_at, id) < (:raised_at, :id))
    ORDER BY raised_at DESC, id DESC LIMIT :limit
    """
)
_OPEN_EVENTS = text(
    """
    SELECT kind, count(*) AS count, count(DISTINCT account_id) AS accounts FROM events
    WHERE cleared_at IS NULL GROUP BY kind ORDER BY kind
    """
)
