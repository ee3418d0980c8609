"""What somebody should know of, and how far webhooks can be relied on."""

from __future__ import annotations

from datetime import date

from sqlalchemy import text

from app.services.queries.connections import require_connection
from app.services.queries.paging import InvalidCursor, Page, decode, page, read

NEWER_THAN_ANY = 2**62


def happenings(
    account_id: int, *, kind: str | None, open: bool | None, limit: int, cursor: str | None = None
) -> Page:
    """Newest first; all, those of a kind, those that still are so (`open`) or are over."""
    before = decode(cursor, int) or [NEWER_THAN_ANY]
    query = {None: _ALL, True: _OPEN, False: _OVER}[open]
    rows = read(query, account_id=account_id, kind=kind, before=before[0], limit=limit + 1)
    return page(rows, limit, lambda row: [row["id"]])


def webhook_days(account_id: int, connection_id: int, *, limit: int, cursor: str | None = None) -> Page:
    """By day, the last one first. Raises NotFound."""
    require_connection(account_id, connection_id)
    before = _day(decode(cursor, str))
    rows = read(_DAYS, connection_id=connection_id, before=before, limit=limit + 1)
    return page(rows, limit, lambda row: [row["day"].isoformat()])


def _day(key: list[str] | None) -> date:
    try:
        return date.max if key is None else date.fromisoformat(key[0])
    except ValueError as err:
        raise InvalidCursor() from err


_LIST = """
    SELECT e.id, e.kind, e.variant_id, v.sku, v.title, e.location_id, p.name AS location, e.connection_id,
           c.name AS connection_name, e.order_id, o.number AS order_number, e.detail, e.raised_at,
           e.cleared_at
    FROM events e
    LEFT JOIN variants v ON v.id = e.variant_id
    LEFT JOIN locations p ON p.id = e.location_id
    LEFT JOIN connections c ON c.id = e.connection_id
    LEFT JOIN orders o ON o.id = e.order_id
    WHERE e.account_id = :account_id AND e.id < :before
      AND (CAST(:kind AS text) IS NULL OR e.kind = CAST(:kind AS text)) {which}
    ORDER BY e.id DESC LIMIT :limit
"""
_ALL = text(_LIST.format(which=""))
_OPEN = text(_LIST.format(which="AND e.cleared_at IS NULL"))
_OVER = text(_LIST.format(which="AND e.cleared_at IS NOT NULL"))
_DAYS = text(
    """
    SELECT day, announced, missed FROM webhook_days
    WHERE connection_id = :connection_id AND day < :before
    ORDER BY day DESC LIMIT :limit
    """
)
