"""Accounts and the people in them, for support. Addresses leave here masked."""

from __future__ import annotations

from sqlalchemy import text

from app.services.auth import normal
from app.services.queries.paging import Page, Row, decode, page, read
from app.services.queries.search import pattern, where
from app.services.turns import LAST_SUCCESS

NEWER_THAN_ANY = 2**62
MOST_SHOWN = 50
"""Of an account's members and shops: who has more is a matter for the API."""


def masked_address(email: str) -> str:
    """`j***@e***.com`: enough to tell whether it is the one that somebody names."""
    local, _at, domain = email.partition("@")
    name, dot, top = domain.rpartition(".")
    return f"{local[:1]}***@{(name or top)[:1]}***{dot}{top if dot else ''}"


def accounts(
    *,
    name: str | None = None,
    email: str | None = None,
    account_id: int | None = None,
    limit: int,
    cursor: str | None = None,
) -> Page:
    """The newest first: with a part of the name, of a member with the address, or with the number."""
    (before,) = decode(cursor, int) or (NEWER_THAN_ANY,)
    conditions = where(
        [
            "a.id < :before",
            "lower(a.name) LIKE '%' || lower(CAST(:name AS text)) || '%'" if name else None,
            f"a.id IN ({_OF_EMAIL})" if email else None,
            "a.id = :account_id" if account_id is not None else None,
        ]
    )
    rows = read(
        text(_ACCOUNTS.format(conditions=conditions)),
        before=before,
        name=pattern(name),
        email=normal(email) if email else None,
        account_id=account_id,
        limit=limit + 1,
    )
    return page(rows, limit, lambda row: [row["id"]])


def account(account_id: int) -> Row | None:
    """One of them with what there is of it, its first members and shops, and support's visits; or None."""
    found = read(_ACCOUNT, id=account_id)
    if not found:
        return None
    members = read(_MEMBERS, id=account_id, most=MOST_SHOWN)
    return found[0] | {
        "members": [row | {"email": masked_address(row["email"])} for row in members],
        "shops": read(_SHOPS, id=account_id, most=MOST_SHOWN),
        "visits": read(_VISITS, id=account_id),
    }


def users(
    *, email: str | None = None, user_id: int | None = None, limit: int, cursor: str | None = None
) -> Page:
    """The newest first: all, the one with this address, or the one with this number."""
    (before,) = decode(cursor, int) or (NEWER_THAN_ANY,)
    conditions = where(
        [
            "u.id < :before",
            "u.email = :email" if email else None,
            "u.id = :user_id" if user_id is not None else None,
        ]
    )
    rows = read(
        text(_USERS.format(conditions=conditions)),
        before=before,
        email=normal(email) if email else None,
        user_id=user_id,
        limit=limit + 1,
    )
    found = page(rows, limit, lambda row: [row["id"]])
    return Page([row | {"email": masked_address(row["email"])} for row in found.items], found.next)


def user(user_id: int) -> Row | None:
    """One of them with the accounts that they belong to; or None."""
    found = users(user_id=user_id, limit=1).items
    return found[0] | {"accounts": read(_ACCOUNTS_OF, id=user_id, most=MOST_SHOWN)} if found else None


_OF_EMAIL = """
    SELECT m.account_id FROM memberships m JOIN users u ON u.id = m.user_id WHERE u.email = :email
"""
_ACCOUNTS = """
    SELECT a.id, a.name, a.created_at, a.delete_at, a.writes_stopped_at, a.sample_of,
        (SELECT count(*) FROM memberships WHERE account_id = a.id) AS members,
        (SELECT count(*) FROM connections
         WHERE account_id = a.id AND state NOT IN ('connecting', 'disconnected')) AS shops
    FROM accounts a WHERE {conditions} ORDER BY a.id DESC LIMIT :limit
"""
_ACCOUNT = text(
    """
    SELECT a.id, a.name, a.created_at, a.delete_at, a.writes_stopped_at, a.sample_of, a.time_zone,
        (SELECT count(*) FROM memberships WHERE account_id = a.id) AS member_count,
        (SELECT count(*) FROM variants WHERE account_id = a.id) AS variants,
        (SELECT count(*) FROM listings WHERE account_id = a.id) AS listings,
        (SELECT coalesce(sum(orders), 0) FROM order_day_sums
         WHERE account_id = a.id AND at > now() - interval '30 days') AS orders_of_30_days,
        (SELECT count(*) FROM inbound_events WHERE account_id = a.id AND state = 'dead') AS dead_events,
        (SELECT count(*) FROM stock_cells WHERE account_id = a.id AND state = 'failed') AS failed_cells
    FROM accounts a WHERE a.id = :id
    """
)
_MEMBERS = text(
    """
    SELECT m.id, m.user_id, u.email, m.role, m.created_at, f.confirmed_at IS NOT NULL AS has_codes
    FROM memberships m JOIN users u ON u.id = m.user_id LEFT JOIN second_factors f ON f.user_id = u.id
    WHERE m.account_id = :id ORDER BY m.id LIMIT :most
    """
)
_SHOPS = text(
    f"""
    SELECT id, name, platform, state, failures,
        {LAST_SUCCESS} AS last_success_at FROM connections
    WHERE account_id = :id AND state <> 'connecting' ORDER BY id LIMIT :most
    """  # noqa: S608  (a constant)
)
_VISITS = text(
    """
    SELECT v.id, u.email AS who, v.reason, v.created_at, v.expires_at, v.used_at, v.ended_at,
        v.ended_at IS NULL AND v.expires_at > now() AS is_open
    FROM support_visits v JOIN staff_users u ON u.id = v.staff_user_id
    WHERE v.about_account = :id ORDER BY v.id DESC LIMIT 10
    """
)
_USERS = """
    SELECT u.id, u.email, u.created_at,
        (SELECT count(*) FROM memberships WHERE user_id = u.id) AS accounts,
        EXISTS (SELECT 1 FROM second_factors WHERE user_id = u.id AND confirmed_at IS NOT NULL) AS has_codes,
        (SELECT max(last_used_at) FROM sessions WHERE user_id = u.id AND expires_at > now()) AS last_used_at
    FROM users u WHERE {conditions} ORDER BY u.id DESC LIMIT :limit
"""
_ACCOUNTS_OF = text(
    """
    SELECT m.account_id, a.name, m.role, m.created_at
    FROM memberships m JOIN accounts a ON a.id = m.account_id
    WHERE m.user_id = :id ORDER BY m.id LIMIT :most
    """
)
