"""Inviting people into an account by mail.

Whoever has the token of the mail reads the mail of the invited address: that is all the proof there is, and
all that is needed to join. It signs nobody in. The row goes when it is accepted or revoked; the audit log
stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain.audit_actions import AuditAction
from app.errors import Conflict, InvalidInput, NotFound
from app.models.accounts import ROLES
from app.services.audit import audit_subject
from app.services.mail import link, queue_mail
from app.services.passwords import hashed
from app.services.roles import lock_roles, require_no_less, role_of
from app.services.tokens import InvalidToken, hash_of, new_token
from app.services.uow import unit_of_work

LIFE = timedelta(days=7)
MOST_OPEN = 100
"""Of an account."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What an invitation says. `is_known`: the address has a user, who keeps their password."""

    account_id: int
    account_name: str
    email: str
    role: str
    is_known: bool


def invite(account_id: int, email: str, role: str, *, by: int, language: str | None) -> int:
    """Mail somebody an offer to join, in the inviter's language; returns its id. Raises InvalidInput,
    RoleTooLow, Conflict (a member, or invited already, or too many are open)."""
    email = email.strip().lower()
    if role not in ROLES:
        raise InvalidInput(f"A role is one of {', '.join(ROLES)}.")
    params = {"account_id": account_id, "email": email}
    with unit_of_work() as uow:
        lock_roles(uow.session, account_id)
        require_no_less(role_of(uow.session, account_id, by), role)
        known = uow.session.execute(_KNOWN, params).one()
        if known.is_member:
            raise Conflict("They are a member already.")
        if known.is_invited:
            raise Conflict("They are invited already. You can send it again.")
        if known.open >= MOST_OPEN:
            raise Conflict(f"{MOST_OPEN} open invitations are the most.")
        token = new_token()
        row = uow.session.execute(_INSERT, {**params, **_times(token), "role": role, "by": by}).one()
        _send(uow.session, account_id, row, token, language)
        _write_down(uow.session, account_id, by, "invitation.sent", row)
        uow.commit()
    return int(row.id)


def send_again(account_id: int, invitation_id: int, *, by: int, language: str | None) -> None:
    """Mail it once more, open for another 7 days; the link before stops working. From now on it is from who
    sends it. Raises NotFound, RoleTooLow."""
    token = new_token()
    params = {"account_id": account_id, "id": invitation_id, "by": by, **_times(token)}
    with unit_of_work() as uow:
        lock_roles(uow.session, account_id)
        row = uow.session.execute(_RENEW, params).one_or_none()
        if row is None:
            raise NotFound("There is no such invitation.")
        require_no_less(role_of(uow.session, account_id, by), row.role)
        _send(uow.session, account_id, row, token, language)
        _write_down(uow.session, account_id, by, "invitation.sent_again", row)
        uow.commit()


def revoke(account_id: int, invitation_id: int, *, by: int) -> None:
    """Take an offer back. Raises NotFound."""
    with unit_of_work() as uow:
        row = uow.session.execute(_REVOKE, {"account_id": account_id, "id": invitation_id}).one_or_none()
        if row is None:
            raise NotFound("There is no such invitation.")
        _write_down(uow.session, account_id, by, "invitation.revoked", row)
        uow.commit()


def offer(token: str) -> Offer:
    """What the token's invitation says. Raises InvalidToken."""
    with unit_of_work() as uow:
        return _open(uow.session, token)


def accept(token: str, password: str | None, language: str | None) -> Offer:
    """Join. Somebody who has no user yet gets one with this password; a user's stays as it is.

    Works once. Raises InvalidToken, InvalidInput (a password is needed, or too short).
    """
    with unit_of_work() as uow:
        offered = _open(uow.session, token)
    if not offered.is_known and password is None:
        raise InvalidInput("Choose a password.")
    password_hash = None if offered.is_known or password is None else hashed(password)
    with unit_of_work() as uow:
        lock_roles(uow.session, offered.account_id)  # before the row: who gives may be losing their role
        taken = uow.session.execute(_TAKE, {"token": hash_of(token)}).one_or_none()
        if taken is None:
            raise InvalidToken()
        user_id = _user(uow.session, offered.email, password_hash, language)
        joined = {"account_id": offered.account_id, "user_id": user_id, "role": taken.role}
        uow.session.execute(_JOIN, joined)
        audit_subject(
            uow.session,
            offered.account_id,
            f"user:{user_id}",
            "member.joined",
            f"user:{user_id}",
            {"role": taken.role, "invited_by": taken.user_id},
        )
        uow.commit()
    return offered


def _open(session: Session, token: str) -> Offer:
    row = session.execute(_OFFER, {"token": hash_of(token)}).one_or_none()
    if row is None:
        raise InvalidToken()
    return Offer(row.account_id, row.account_name, row.email, row.role, row.is_known)


def _user(session: Session, email: str, password_hash: str | None, language: str | None) -> int:
    """The address's user, made now if nobody was faster."""
    if password_hash is not None:
        params = {"email": email, "password_hash": password_hash, "language": language}
        session.execute(_NEW_USER, params)
    found = session.execute(_USER, {"email": email}).scalar_one_or_none()
    if found is None:  # they were deleted since we looked
        raise InvalidToken()
    return int(found)


def _times(token: str) -> dict[str, Any]:
    return {"token": hash_of(token), "expires_at": datetime.now(UTC) + LIFE}


def _send(session: Session, account_id: int, row: Any, token: str, language: str | None) -> None:
    names = session.execute(_NAMES, {"account_id": account_id, "user_id": row.user_id}).one()
    context: Mapping[str, Any] = {
        "account": names.account,
        "inviter": names.inviter,
        "role": row.role,
        "link": link(f"/accept-invitation#token={token}"),
        "days": LIFE.days,
    }
    queue_mail(
        session,
        to=row.email,
        language=language,
        template="invitation",
        context=context,
        account_id=account_id,
    )


def _write_down(session: Session, account_id: int, by: int, action: AuditAction, row: Any) -> None:
    detail = {"email": row.email, "role": row.role}
    audit_subject(session, account_id, f"user:{by}", action, f"invitation:{row.id}", detail)


_KNOWN = text(
    """
    SELECT EXISTS (
               SELECT 1 FROM users u JOIN memberships m ON m.user_id = u.id
               WHERE u.email = :email AND m.account_id = :account_id
           ) AS is_member,
           count(*) FILTER (WHERE i.email = :email) > 0 AS is_invited,
           count(*) AS open
    FROM invitations i WHERE i.account_id = :account_id
    """
)
_INSERT = text(
    """
    INSERT INTO invitations (account_id, email, role, user_id, token_hash, sent_at, expires_at)
    VALUES (:account_id, :email, :role, :by, :token, now(), :expires_at) RETURNING id, email, role, user_id
    """
)
_RENEW = text(
    """
    UPDATE invitations SET token_hash = :token, sent_at = now(), expires_at = :expires_at, user_id = :by
    WHERE account_id = :account_id AND id = :id RETURNING id, email, role, user_id
    """
)
_REVOKE = text(
    "DELETE FROM invitations WHERE account_id = :account_id AND id = :id RETURNING id, email, role"
)
_OFFER = text(
    """
    SELECT i.account_id, a.name AS account_name, i.email, i.role,
           EXISTS (SELECT 1 FROM users u WHERE u.email = i.email) AS is_known
    FROM invitations i JOIN accounts a ON a.id = i.account_id
    WHERE i.token_hash = :token AND i.expires_at > now()
    """
)
_TAKE = text(
    "DELETE FROM invitations WHERE token_hash = :token AND expires_at > now() RETURNING role, user_id"
)
_NEW_USER = text(
    """
    INSERT INTO users (email, password_hash, language) VALUES (:email, :password_hash, :language)
    ON CONFLICT (email) DO NOTHING
    """
)
_USER = text("SELECT id FROM users WHERE email = :email FOR KEY SHARE")
_JOIN = text(
    """
    INSERT INTO memberships (account_id, user_id, role) VALUES (:account_id, :user_id, :role)
    ON CONFLICT (user_id, account_id) DO NOTHING
    """
)
_NAMES = text(
    """
    SELECT a.name AS account, u.email AS inviter FROM accounts a, users u
    WHERE a.id = :account_id AND u.id = :user_id
    """
)
