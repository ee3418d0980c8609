"""An account's exports."""

from __future__ import annotations

from sqlalchemy import text

from app.errors import NotFound
from app.services.queries.paging import Page, Row, decode, page, read

NEWER_THAN_ANY = 2**62


def account_exports(account_id: int, *, limit: int, cursor: str | None = None) -> Page:
    """The newest first."""
    before = decode(cursor, int) or [NEWER_THAN_ANY]
    rows = read(_EXPORTS, account_id=account_id, id=None, before=before[0], limit=limit + 1)
    return page(rows, limit, lambda row: [row["id"]])


def account_export(account_id: int, export_id: int) -> Row:
    """Raises NotFound."""
    rows = read(_EXPORTS, account_id=account_id, id=export_id, before=NEWER_THAN_ANY, limit=1)
    if not rows:
        raise NotFound("There is no such export.")
    return rows[0]


_EXPORTS = text(
    """
    SELECT e.id, e.state, e.row_count, e.byte_count, e.error, e.created_at, e.finished_at, e.expires_at,
           e.user_id, u.email AS asked_by
    FROM account_exports e LEFT JOIN users u ON u.id = e.user_id
    WHERE e.account_id = :account_id AND e.id < :before AND e.id = coalesce(CAST(:id AS bigint), e.id)
    ORDER BY e.id DESC LIMIT :limit
    """
)
