"""An account's API keys, without their secrets."""

from __future__ import annotations

from sqlalchemy import text

from app.services.queries.paging import Page, Row, decode, page, read

NEWER_THAN_ANY = 2**62


def api_keys(account_id: int, *, limit: int, cursor: str | None = None) -> Page:
    """The newest first; those that were revoked as well."""
    before = decode(cursor, int) or [NEWER_THAN_ANY]
    rows = read(_KEYS, account_id=account_id, id=None, before=before[0], limit=limit + 1)
    return page(rows, limit, lambda row: [row["id"]])


def api_key(account_id: int, key_id: int) -> Row:
    """One that exists."""
    return read(_KEYS, account_id=account_id, id=key_id, before=NEWER_THAN_ANY, limit=1)[0]


_KEYS = text(
    """
    SELECT k.id, k.name, k.prefix, k.scopes, k.created_at, k.expires_at, k.last_used_at, k.revoked_at,
           k.user_id, u.email AS made_by
    FROM api_keys k LEFT JOIN users u ON u.id = k.user_id
    WHERE k.account_id = :account_id AND k.id < :before
      AND k.id = coalesce(CAST(:id AS bigint), k.id)
    ORDER BY k.id DESC LIMIT :limit
    """
)
