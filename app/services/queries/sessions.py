"""A person's sessions, accounts, and what they sign in with."""

from __future__ import annotations

from sqlalchemy import text

from app.domain.devices import device_of
from app.services.auth import Person
from app.services.queries.paging import Page, Row, decode, page, read

NEWER_THAN_ANY = 2**62
MOST_ACCOUNTS = 250


def sessions(person: Person, *, limit: int, cursor: str | None = None) -> Page:
    """Those that are not over, newest first."""
    before = decode(cursor, int) or [NEWER_THAN_ANY]
    rows = read(_SESSIONS, user_id=person.user_id, before=before[0], limit=limit + 1)
    for row in rows:
        device = device_of(row.pop("user_agent"))
        row |= {"device": device.text, "program": device.program, "system": device.system}
        row["current"] = row["id"] == person.session_id
    return page(rows, limit, lambda row: [row["id"]])


def accounts_of(user_id: int) -> list[Row]:
    """Where a user is a member, the first account first; at most MOST_ACCOUNTS."""
    return read(_ACCOUNTS, user_id=user_id, limit=MOST_ACCOUNTS)


def second_factor(person: Person) -> Row:
    """Whether codes are asked for, and how many recovery codes are left."""
    [row] = read(_SECOND_FACTOR, user_id=person.user_id)
    return row


_SESSIONS = text(
    """
    SELECT id, user_agent, address, created_at, last_used_at, expires_at FROM sessions
    WHERE user_id = :user_id AND id < :before AND expires_at > now()
    ORDER BY id DESC LIMIT :limit
    """
)
_ACCOUNTS = text(
    """
    SELECT m.account_id, a.name AS account_name, m.role, a.sample_of IS NOT NULL AS is_sample
    FROM memberships m JOIN accounts a ON a.id = m.account_id
    WHERE m.user_id = :user_id ORDER BY m.id LIMIT :limit
    """
)
_SECOND_FACTOR = text(
    """
    SELECT EXISTS (
            SELECT 1 FROM second_factors WHERE user_id = :user_id AND confirmed_at IS NOT NULL
        ) AS enabled,
        (SELECT count(*) FROM recovery_codes WHERE user_id = :user_id) AS recovery_codes_left
    """
)
