"""Who belongs to an account, and who is invited."""

from __future__ import annotations

from sqlalchemy import text

from app.errors import NotFound
from app.services.queries.paging import Page, Row, decode, page, read
from app.services.roles import NO_MEMBER


def members(account_id: int, *, limit: int, cursor: str | None = None) -> Page:
    """In the order in which they joined."""
    after = decode(cursor, int) or [0]
    rows = read(_MEMBERS, account_id=account_id, user_id=None, after=after[0], limit=limit + 1)
    return page(rows, limit, lambda row: [row["id"]])


def member(account_id: int, user_id: int) -> Row:
    """Raises NotFound."""
    rows = read(_MEMBERS, account_id=account_id, user_id=user_id, after=0, limit=1)
    if not rows:
        raise NotFound(NO_MEMBER)
    return rows[0]


def invitations(account_id: int, *, limit: int, cursor: str | None = None) -> Page:
    """In the order in which they were made; those that expired as well."""
    after = decode(cursor, int) or [0]
    rows = read(_INVITATIONS, account_id=account_id, id=None, after=after[0], limit=limit + 1)
    return page(rows, limit, lambda row: [row["id"]])


def invitation(account_id: int, invitation_id: int) -> Row:
    """Raises NotFound."""
    rows = read(_INVITATIONS, account_id=account_id, id=invitation_id, after=0, limit=1)
    if not rows:
        raise NotFound("There is no such invitation.")
    return rows[0]


_MEMBERS = text(
    """
    SELECT m.id, m.user_id, u.email, m.role, m.created_at AS joined_at
    FROM memberships m JOIN users u ON u.id = m.user_id
    WHERE m.account_id = :account_id AND m.id > :after
      AND m.user_id = coalesce(CAST(:user_id AS bigint), m.user_id)
    ORDER BY m.id LIMIT :limit
    """
)
_INVITATIONS = text(
    """
    SELECT i.id, i.email, i.role, i.created_at, i.sent_at, i.expires_at, i.expires_at <= now() AS expired,
           i.user_id, u.email AS invited_by
    FROM invitations i JOIN users u ON u.id = i.user_id
    WHERE i.account_id = :account_id AND i.id > :after AND i.id = coalesce(CAST(:id AS bigint), i.id)
    ORDER BY i.id LIMIT :limit
    """
)
