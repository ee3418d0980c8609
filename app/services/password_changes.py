"""Changing a password: by the old one, or by a mail to the user's address."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.services import sessions
from app.services.audit import audit_user
from app.services.auth import Person, belongs_to_an_account, normal
from app.services.mail import link, queue_mail
from app.services.passwords import WrongPassword, hashed, matches
from app.services.tokens import InvalidToken, hash_of, new_token
from app.services.uow import unit_of_work

RESET_HOURS = 1


class Change(StrEnum):
    """Of how somebody signs in, which they are told of by mail."""

    PASSWORD = "password"  # noqa: S105  (no password)
    SECOND_FACTOR_ON = "second_factor_on"
    SECOND_FACTOR_OFF = "second_factor_off"
    RECOVERY_CODES = "recovery_codes"


def change(person: Person, *, current: str, new: str) -> None:
    """Set a new password and end the person's other sessions. Raises WrongPassword, InvalidInput."""
    old_hash = require(person.user_id, current)
    new_hash = hashed(new)
    with unit_of_work() as uow:
        params = {"id": person.user_id, "old": old_hash, "new": new_hash}
        if uow.session.execute(_CHANGE, params).one_or_none() is None:
            raise WrongPassword()  # it was changed meanwhile
        sessions.end_others(uow.session, person.user_id, but=person.session_id)
        _changed(uow.session, person.user_id, person.email, {"by": "password"}, person.language)
        uow.commit()


def require(user_id: int, password: str) -> str:
    """Raises WrongPassword unless it is the user's; its hash."""
    with unit_of_work() as uow:
        found = uow.session.execute(_HASH, {"id": user_id}).scalar_one()
    if not matches(found, password):
        raise WrongPassword()
    return str(found)


def request_reset(email: str, language: str | None) -> None:
    """Send a link to set a new password, or word that there is no account. The same work either way."""
    email, token = normal(email), new_token()
    with unit_of_work() as uow:
        known = belongs_to_an_account(uow.session, email)
        uow.session.execute(_REQUEST, {"email": email, "token": hash_of(token), "hours": RESET_HOURS})
        path = f"/reset-password#token={token}" if known else "/"
        context = {"email": email, "link": link(path), "hours": RESET_HOURS}
        template = "reset_password" if known else "no_account"
        queue_mail(
            uow.session, to=email, language=language, template=template, context=context, account_id=None
        )
        uow.commit()


def confirm_reset(token: str, password: str, language: str | None) -> None:
    """Set the password of whoever got the mail, and end all of their sessions. Raises InvalidToken,
    InvalidInput (the token can be used again)."""
    with unit_of_work() as uow:
        if uow.session.execute(_IS_OPEN, {"token": hash_of(token)}).one_or_none() is None:
            raise InvalidToken()  # before the work of hashing
    new_hash = hashed(password)
    with unit_of_work() as uow:
        user = uow.session.execute(_LOCK_USER, {"token": hash_of(token)}).one_or_none()
        if user is None or uow.session.execute(_TAKE, {"token": hash_of(token)}).one_or_none() is None:
            raise InvalidToken()
        uow.session.execute(_RESET, {"id": user.id, "new": new_hash})
        sessions.end_others(uow.session, user.id, but=None)
        _changed(uow.session, user.id, user.email, {"by": "mail"}, language)
        uow.commit()


def _changed(
    session: Session, user_id: int, email: str, detail: dict[str, str], language: str | None
) -> None:
    """Links that were asked for before stop working; the user is told."""
    session.execute(_FORGET, {"email": email})
    audit_user(session, user_id, "user.password_changed", detail)
    notify(session, email, Change.PASSWORD, language)


def notify(session: Session, email: str, change: Change, language: str | None) -> None:
    """Tell a user of a change to how they sign in, which somebody else may have made."""
    context = {"change": change, "link": link("/forgot-password")}
    queue_mail(
        session, to=email, language=language, template="security_notice", context=context, account_id=None
    )


_HASH = text("SELECT password_hash FROM users WHERE id = :id")
_CHANGE = text("UPDATE users SET password_hash = :new WHERE id = :id AND password_hash = :old RETURNING id")
_REQUEST = text(
    """
    INSERT INTO password_resets (email, token_hash, expires_at)
    VALUES (:email, :token, now() + make_interval(hours => :hours))
    """
)
_IS_OPEN = text("SELECT 1 FROM password_resets WHERE token_hash = :token AND expires_at > now()")
# The user first, then their links: a change of the password takes both, too.
_LOCK_USER = text(
    """
    SELECT u.id, u.email FROM users u JOIN password_resets p ON p.email = u.email
    WHERE p.token_hash = :token FOR NO KEY UPDATE OF u
    """
)
_TAKE = text("DELETE FROM password_resets WHERE token_hash = :token AND expires_at > now() RETURNING id")
_RESET = text("UPDATE users SET password_hash = :new WHERE id = :id")
_FORGET = text("DELETE FROM password_resets WHERE email = :email")
