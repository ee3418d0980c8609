"""Visits: a staff member reads an account through the API, as a member who may only look would.

A visit has a reason, a time, and a token that is shown once. Both audit logs tell of it. What it may not
reach is `policy.py`'s to say: it changes nothing, and sees no sessions, keys, exports or addresses of
receivers.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.errors import InvalidInput, NotFound
from app.services.api_keys import KeyHolder
from app.services.staff.acting import Staff, record_about
from app.services.tokens import hash_of
from app.services.uow import unit_of_work

PREFIX = "sf_visit_"
MINUTES = (15, 30, 60)
ROLE = "viewer"
USE_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Visitor(KeyHolder):
    """A staff member who looks at an account; `key_id` is the visit's."""

    staff_id: int

    @property
    def actor(self) -> str:
        """As the audit log names them."""
        return f"staff:{self.staff_id}"


@dataclass(frozen=True, slots=True)
class Visit:
    """`token` is known only now."""

    id: int
    token: str
    expires_at: datetime


def start(staff: Staff, account_id: int, *, reason: str, minutes: int) -> Visit:
    """Leave to read the account; another one of theirs to it ends. Raises NotFound, InvalidInput."""
    if minutes not in MINUTES:
        raise InvalidInput("A visit lasts 15, 30 or 60 minutes.")
    token = PREFIX + secrets.token_urlsafe(32)
    with unit_of_work() as uow:
        if uow.session.execute(_ACCOUNT, {"id": account_id}).one_or_none() is None:
            raise NotFound("There is no such account.")
        assert staff.id is not None  # the command line visits nobody
        end_all(uow.session, staff, staff.id, account_id=account_id)
        params = {"staff_id": staff.id, "account_id": account_id, "reason": reason, "minutes": minutes}
        row = uow.session.execute(_BEGIN, params | {"token": hash_of(token)}).one()
        detail = {"reason": reason, "minutes": minutes}
        record_about(
            uow.session, staff, "support.visit_begun", f"visit:{row.id}", account_id=account_id, detail=detail
        )
        uow.commit()
    return Visit(row.id, token, row.expires_at)


def end(staff: Staff, visit_id: int) -> int:
    """End it at once, whoever began it; its account. Safe to repeat. Raises NotFound."""
    with unit_of_work() as uow:
        row = uow.session.execute(_VISIT, {"id": visit_id}).one_or_none()
        if row is None:
            raise NotFound("There is no such visit.")
        if row.is_open and uow.session.execute(_ACCOUNT, {"id": row.about_account}).one_or_none() is not None:
            uow.session.execute(_END, {"id": visit_id})
            subject = f"visit:{visit_id}"
            record_about(uow.session, staff, "support.visit_ended", subject, account_id=row.about_account)
        uow.commit()
    return int(row.about_account)


def end_all(session: Session, staff: Staff, visitor_id: int, *, account_id: int | None = None) -> None:
    """`staff` ends the visits of a staff member, all or those to one account, in the caller's transaction."""
    params = {"staff_id": visitor_id, "account_id": account_id}
    for row in session.execute(_END_ALL, params).all():
        there = session.execute(_ACCOUNT, {"id": row.about_account}).scalar_one_or_none()
        record_about(session, staff, "support.visit_ended", f"visit:{row.id}", account_id=there)


def visitor_of(token: str) -> Visitor | None:
    """Who calls with this token; None once the visit, its staff member or its account has ended."""
    with unit_of_work() as uow:
        params = {"token": hash_of(token), "every": USE_NOTED_EVERY}
        row = uow.session.execute(_VISITOR, params).one_or_none()
    if row is None:
        return None
    return Visitor(row.id, row.account_id, row.name, ROLE, frozenset(), row.use_is_news, row.staff_user_id)


def note_use(visit_id: int) -> None:
    """Keep that it is being used, once a minute at most. Waits for nobody."""
    with unit_of_work() as uow:
        uow.session.execute(_USED, {"id": visit_id, "every": USE_NOTED_EVERY})
        uow.commit()


_ACCOUNT = text("SELECT id FROM accounts WHERE id = :id FOR KEY SHARE")
_END_ALL = text(
    """
    WITH those AS (
        SELECT id FROM support_visits
        WHERE staff_user_id = :staff_id AND ended_at IS NULL AND expires_at > now()
          AND (CAST(:account_id AS bigint) IS NULL OR about_account = :account_id)
        ORDER BY id FOR NO KEY UPDATE
    )
    UPDATE support_visits v SET ended_at = now() FROM those WHERE v.id = those.id
    RETURNING v.id, v.about_account
    """
)
_BEGIN = text(
    """
    INSERT INTO support_visits (staff_user_id, about_account, token_hash, reason, expires_at)
    VALUES (:staff_id, :account_id, :token, :reason, now() + make_interval(mins => :minutes))
    RETURNING id, expires_at
    """
)
_VISIT = text(
    """
    SELECT about_account, ended_at IS NULL AND expires_at > now() AS is_open FROM support_visits
    WHERE id = :id FOR NO KEY UPDATE
    """
)
_END = text("UPDATE support_visits SET ended_at = now() WHERE id = :id")
_VISITOR = text(
    """
    SELECT v.id, v.staff_user_id, a.id AS account_id, a.name,
        coalesce(v.used_at < now() - CAST(:every AS interval), true) AS use_is_news
    FROM support_visits v
    JOIN staff_users s ON s.id = v.staff_user_id AND s.disabled_at IS NULL
    JOIN accounts a ON a.id = v.about_account
    WHERE v.token_hash = :token AND v.ended_at IS NULL AND v.expires_at > now()
    """
)
_USED = text(
    """
    UPDATE support_visits SET used_at = now() WHERE id = (
        SELECT id FROM support_visits
        WHERE id = :id AND (used_at IS NULL OR used_at < now() - CAST(:every AS interval))
        FOR NO KEY UPDATE SKIP LOCKED
    )
    """
)
PURGE = text("DELETE FROM support_visits WHERE expires_at < now() - interval '30 days'")
"""For house keeping; the audit logs keep what there was."""
