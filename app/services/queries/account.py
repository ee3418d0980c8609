"""A merchant's account."""

from __future__ import annotations

from sqlalchemy import text

from app.services.queries.paging import Row, read


def account(account_id: int) -> Row:
    """What holds for all of its shops."""
    return read(_ACCOUNT, id=account_id)[0]


_ACCOUNT = text(
    """
    SELECT id, name, safety_stock, low_stock_threshold, writes_stopped_at, delete_at, created_at
    FROM accounts WHERE id = :id
    """
)
