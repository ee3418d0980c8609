"""Who did what in an account."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import text

from app.services.queries.paging import InvalidCursor, Page, decode, page, read

AFTER_ALL = datetime.max.replace(tzinfo=UTC).isoformat()
BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


def entries(
    account_id: int,
    *,
    actor: str | None,
    action: str | None,
    subject: str | None,
    since: datetime | None,
    until: datetime | None,
    limit: int,
    cursor: str | None = None,
) -> Page:
    """Newest first, with actors named; `since` is included, `until` is not."""
    at, before = decode(cursor, str, int) or (AFTER_ALL, 2**62)
    filters = {"actor": actor, "action": action, "subject": subject}
    rows = read(
        text(_ENTRIES % _also(name for name, value in filters.items() if value is not None)),
        account_id=account_id,
        since=since or BEFORE_ALL,
        until=until or datetime.max.replace(tzinfo=UTC),
        at=_moment(at),
        before=before,
        limit=limit + 1,
        **{name: value for name, value in filters.items() if value is not None},
    )
    return page(rows, limit, lambda row: [row["created_at"].isoformat(), row["id"]])


def _also(names: Iterable[str]) -> str:
    """Equalities that an index begins with, where they are asked for."""
    return "".join(f" AND a.{name} = :{name}" for name in names)


def _moment(at: str) -> datetime:
    try:
        moment = datetime.fromisoformat(at)
    except ValueError as err:
        raise InvalidCursor() from err
    if moment.tzinfo is None:
        raise InvalidCursor()
    return moment


ACTORS = """
    LEFT JOIN users u ON u.id = CASE WHEN a.actor ~ '^user:[0-9]{1,18}$'
        THEN CAST(substr(a.actor, 6) AS bigint) END
    LEFT JOIN api_keys k ON k.account_id = a.account_id AND k.id = CASE WHEN a.actor ~ '^key:[0-9]{1,18}$'
        THEN CAST(substr(a.actor, 5) AS bigint) END
"""
"""Joins the user `u` or the API key `k` behind `audit_log a`."""
_ENTRIES = f"""
    SELECT a.id, a.created_at, a.actor, coalesce(u.email, k.name,
        CASE WHEN a.actor LIKE 'staff:%%' THEN 'SyncFlow support' END) AS actor_name,
        a.action, a.subject, a.detail
    FROM audit_log a {ACTORS}
    WHERE a.account_id = :account_id AND a.created_at >= :since AND a.created_at < :until
      AND (a.created_at, a.id) < (:at, :before)%s
    ORDER BY a.created_at DESC, a.id DESC LIMIT :limit
"""  # noqa: S608  (a constant)
