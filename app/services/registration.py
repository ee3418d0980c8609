"""Registering: an account and its owner are made when the address is confirmed, not before.

So nobody can hold an address that is not theirs, and every user's address is a confirmed one. Who confirms
shows both that they read the address's mail, by the token, and that it was them who registered, by the
password: else a stranger who registers with an address would get what its owner confirms. Callers learn
nothing about an address: the same rows are written whether it is known or not, and the mail tells its owner.
"""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.services import flags, sessions
from app.services.audit import audit_subject
from app.services.auth import belongs_to_an_account, make_account, normal
from app.services.flags import Flag
from app.services.mail import link, queue_mail
from app.services.passwords import WrongPassword, hashed, matches
from app.services.reporting import is_zone
from app.services.tokens import InvalidToken, hash_of, new_token
from app.services.uow import unit_of_work

CONFIRM_HOURS = 24


def register(
    *, email: str, account_name: str, password: str, time_zone: str | None, language: str | None
) -> None:
    """Have an address confirmed, or have its owner told that it has an account. Raises InvalidInput,
    SwitchedOff.

    `time_zone`: what the browser calls it. Some have names that nobody else knows: those count as UTC.
    """
    email, password_hash, token = normal(email), hashed(password), new_token()
    params = {
        "email": email,
        "account_name": account_name.strip(),
        "password_hash": password_hash,
        "time_zone": time_zone if time_zone and is_zone(time_zone) else "UTC",
        "token": hash_of(token),
        "hours": CONFIRM_HOURS,
    }
    with unit_of_work() as uow:
        flags.require(uow.session, Flag.REGISTRATIONS)
        known = belongs_to_an_account(uow.session, email)
        uow.session.execute(_REGISTER, params)
        if known:
            _tell(uow.session, email, "already_registered", language)
        else:
            _ask(uow.session, email, token, language)
        uow.commit()


def resend(email: str, language: str | None) -> None:
    """Send the last registration of an address a new link; the one before stops working."""
    email, token = normal(email), new_token()
    with unit_of_work() as uow:
        known = belongs_to_an_account(uow.session, email)
        waiting = uow.session.execute(
            _RENEW, {"email": email, "token": hash_of(token), "hours": CONFIRM_HOURS}
        ).one_or_none()
        if known:
            _tell(uow.session, email, "already_registered", language)
        elif waiting:
            _ask(uow.session, email, token, language)
        else:
            _tell(uow.session, email, "not_registered", language)
        uow.commit()


def confirm(token: str, password: str, language: str | None) -> None:
    """Make the account and its owner, by the password that was registered with. Raises InvalidToken,
    WrongPassword (the token can be used again), and Conflict where the address got an account in another way
    meanwhile."""
    with unit_of_work() as uow:
        password_hash = uow.session.execute(_OPEN, {"token": hash_of(token)}).scalar_one_or_none()
    if password_hash is None:
        raise InvalidToken()
    if not matches(password_hash, password):
        raise WrongPassword()
    with unit_of_work() as uow:
        uow.session.execute(_LOCK_ALL, {"token": hash_of(token)})  # or two of an address wait for each other
        given = uow.session.execute(_TAKE, {"token": hash_of(token)}).one_or_none()
        if given is None:
            raise InvalidToken()
        opened = make_account(
            uow.session,
            given.account_name,
            given.email,
            given.password_hash,
            language=language,
            time_zone=given.time_zone,
        )
        uow.session.execute(_FORGET, {"email": given.email})
        sessions.end_others(uow.session, opened.user_id, but=None)  # begun by another password, if any
        audit_subject(
            uow.session,
            opened.account_id,
            opened.actor,
            "account.opened",
            f"user:{opened.user_id}",
        )
        uow.commit()


def _ask(session: Session, email: str, token: str, language: str | None) -> None:
    context = {"email": email, "link": link(f"/verify-email#token={token}"), "hours": CONFIRM_HOURS}
    queue_mail(
        session, to=email, language=language, template="verify_email", context=context, account_id=None
    )


def _tell(session: Session, email: str, template: str, language: str | None) -> None:
    context = {"email": email, "link": link("/")}
    queue_mail(session, to=email, language=language, template=template, context=context, account_id=None)


_REGISTER = text(
    """
    INSERT INTO registrations (email, account_name, password_hash, time_zone, token_hash, expires_at)
    VALUES (
        :email, :account_name, :password_hash, :time_zone, :token, now() + make_interval(hours => :hours)
    )
    """
)
_RENEW = text(
    """
    UPDATE registrations SET token_hash = :token, expires_at = now() + make_interval(hours => :hours)
    WHERE id = (
        SELECT id FROM registrations WHERE email = :email AND expires_at > now() ORDER BY id DESC LIMIT 1
    )
    RETURNING id
    """
)
_OPEN = text("SELECT password_hash FROM registrations WHERE token_hash = :token AND expires_at > now()")
_LOCK_ALL = text(
    """
    SELECT id FROM registrations
    WHERE email = (SELECT email FROM registrations WHERE token_hash = :token)
    ORDER BY id FOR UPDATE
    """
)
_TAKE = text(
    """
    DELETE FROM registrations WHERE token_hash = :token AND expires_at > now()
    RETURNING email, account_name, password_hash, time_zone
    """
)
_FORGET = text("DELETE FROM registrations WHERE email = :email")
