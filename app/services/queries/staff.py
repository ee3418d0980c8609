"""Who uses the console, and what they did."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import text

from app.services.queries.paging import Page, Row, decode, page, read


def people() -> list[Row]:
    """Everybody who may or might use the console, by address; there are few."""
    return read(_PEOPLE)


def actions(
    *,
    staff_id: int | None = None,
    action: str | None = None,
    account_id: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int,
    cursor: str | None = None,
) -> Page:
    """What staff did, newest first; `since` is included, `until` is not."""
    (before,) = decode(cursor, int) or (2**62,)
    filters = {
        "a.staff_user_id = :staff_id": staff_id,
        "a.action = :action": action,
        "a.about_account = :account_id": account_id,
        "a.created_at >= :since": since,
        "a.created_at < :until": until,
    }
    asked = [condition for condition, value in filters.items() if value is not None]
    rows = read(
        text(_ACTIONS % _also(asked)),
        staff_id=staff_id,
        action=action,
        account_id=account_id,
        since=since,
        until=until,
        before=before,
        limit=limit + 1,
    )
    return page(rows, limit, lambda row: [row["id"]])


def action(action_id: int) -> Row | None:
    """One of them, or None."""
    found = read(_ACTION, id=action_id)
    return found[0] if found else None


def _also(conditions: Iterable[str]) -> str:
    return "".join(f" AND {condition}" for condition in conditions)


_PEOPLE = text(
    """
    SELECT u.id, u.email, u.created_at, u.signed_in_at, u.disabled_at, f.confirmed_at IS NOT NULL AS has_codes
    FROM staff_users u LEFT JOIN staff_factors f ON f.staff_user_id = u.id
    ORDER BY u.email
    """
)
_COLUMNS = """
    SELECT a.id, a.created_at, coalesce(u.email, 'command line') AS who, a.staff_user_id, a.address, a.action,
        a.subject_kind || ':' || a.subject_id AS subject, a.about_account AS account_id, c.name AS account,
        a.detail
    FROM staff_actions a LEFT JOIN staff_users u ON u.id = a.staff_user_id
        LEFT JOIN accounts c ON c.id = a.about_account
"""
_ACTIONS = f"{_COLUMNS} WHERE a.id < :before%s ORDER BY a.id DESC LIMIT :limit"
_ACTION = text(f"{_COLUMNS} WHERE a.id = :id")
