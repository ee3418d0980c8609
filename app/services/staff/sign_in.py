"""Signing in to the console: a password, then a one-time code, always; and a new password."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog
from sqlalchemy import text

from app.errors import Conflict, InvalidInput
from app.services.auth import normal
from app.services.one_time_codes import Enrolment, WrongCode
from app.services.passwords import WrongPassword, hashed, is_outdated, matches
from app.services.sign_in import WrongCredentials
from app.services.staff import sessions
from app.services.staff.acting import record
from app.services.staff.factors import FACTORS, ISSUER
from app.services.staff.sessions import StaffAtWork
from app.services.uow import unit_of_work

log = structlog.get_logger(__name__)


def enter_password(email: str, password: str, *, address: str) -> str:
    """The token of a session that leads to the code. Raises WrongCredentials, saying no more: an unknown
    address and one that was disabled take as long as a wrong password."""
    with unit_of_work() as uow:
        found = uow.session.execute(_FIND, {"email": normal(email)}).one_or_none()
    if not matches(found.password_hash if found else None, password) or found is None:
        log.warning("staff_sign_in_refused", staff_id=found and found.id, address=address)
        raise WrongCredentials()
    new_hash = hashed(password) if is_outdated(found.password_hash) else found.password_hash
    with unit_of_work() as uow:
        current = {"id": found.id, "password_hash": found.password_hash, "new_hash": new_hash}
        if uow.session.execute(_STILL_THE_PASSWORD, current).one_or_none() is None:
            raise WrongCredentials()  # disabled or changed meanwhile
        token = sessions.begin(uow.session, found.id, address=address, signed_in=False)
        uow.commit()
    return token


def has_codes(at: StaffAtWork) -> bool:
    """Whether they have set up their one-time codes."""
    with unit_of_work() as uow:
        row = FACTORS.locked(uow.session, at.staff_id)
    return row is not None and row.confirmed_at is not None


def enrol(at: StaffAtWork) -> Enrolment:
    """A new secret for their authenticator app, which counts once a code of it was seen. Raises Conflict."""
    with unit_of_work() as uow:
        enrolment = FACTORS.enrol(uow.session, at.staff_id, name=at.staff.email, issuer=ISSUER)
        if enrolment is None:
            raise Conflict("Your one-time codes are set up already.")
        uow.commit()
    return enrolment


def enter_code(at: StaffAtWork, code: str, *, clock: Callable[[], float] = time.time) -> str:
    """The token of the session that takes the place of this one, and is signed in. The first code also
    confirms an enrolment. Raises WrongCode, TooManyCodes, Conflict (nothing is set up)."""
    with unit_of_work() as uow:
        row = FACTORS.locked(uow.session, at.staff_id)
        if row is None:
            raise Conflict("Set up your one-time codes first.")
        try:
            FACTORS.check(uow, row, code, clock())
        except WrongCode:  # by somebody who knows the password
            record(uow.session, at.staff, "staff.code_refused", f"staff:{at.staff_id}")
            uow.commit()
            raise
        if not sessions.end(uow.session, at.session_id):
            raise Conflict("This session is over.")
        if row.confirmed_at is None:
            FACTORS.confirm(uow.session, at.staff_id)
            record(uow.session, at.staff, "staff.second_factor_enabled", f"staff:{at.staff_id}")
        token = sessions.begin(uow.session, at.staff_id, address=at.staff.address, signed_in=True)
        uow.session.execute(_SIGNED_IN, {"id": at.staff_id})
        record(uow.session, at.staff, "staff.signed_in", f"staff:{at.staff_id}")
        uow.commit()
    return token


def change_password(at: StaffAtWork, *, current: str, new: str) -> None:
    """Set a password of their own, and end what else they have open. Raises WrongPassword, InvalidInput."""
    with unit_of_work() as uow:
        old_hash = uow.session.execute(_HASH, {"id": at.staff_id}).scalar_one()
    if not matches(old_hash, current):
        raise WrongPassword()
    if current == new:
        raise InvalidInput("This is the password that you have.")
    params = {"id": at.staff_id, "password_hash": old_hash, "new_hash": hashed(new)}
    with unit_of_work() as uow:
        if uow.session.execute(_STILL_THE_PASSWORD, params).one_or_none() is None:
            raise WrongPassword()  # disabled or changed meanwhile
        sessions.end_all(uow.session, at.staff_id, but=at.session_id)
        record(uow.session, at.staff, "staff.password_changed", f"staff:{at.staff_id}")
        uow.commit()


_FIND = text("SELECT id, password_hash FROM staff_users WHERE email = :email AND disabled_at IS NULL")
_STILL_THE_PASSWORD = text(
    """
    UPDATE staff_users SET password_hash = :new_hash
    WHERE id = :id AND password_hash = :password_hash AND disabled_at IS NULL RETURNING id
    """
)
_HASH = text("SELECT password_hash FROM staff_users WHERE id = :id")
_SIGNED_IN = text("UPDATE staff_users SET signed_in_at = now() WHERE id = :id")
