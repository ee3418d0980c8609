"""The second factor: one-time codes of an authenticator app (RFC 6238), and recovery codes on paper."""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pyotp
from pyotp.exceptions import OTPVerificationError
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.errors import Conflict, SyncFlowError
from app.services.audit import audit_user
from app.services.auth import Person
from app.services.credentials import vault
from app.services.password_changes import notify, require
from app.services.tokens import hash_of
from app.services.uow import unit_of_work

ISSUER = "SyncFlow"
WINDOW_STEPS = 1
"""By how many codes a phone's clock may be off, either way."""
RECOVERY_CODES = 10
RECOVERY_BYTES = 10
MOST_FAILURES = 5
"""Wrong codes in a row; each further one locks again, until a right one came."""
LOCK_SECONDS = 900


class WrongCode(SyncFlowError):
    """This code is wrong or was used before."""

    code = "wrong_code"


class TooManyCodes(SyncFlowError):
    """Too many wrong codes. Please wait."""

    code = "too_many_requests"

    def __init__(self, *, retry_after: float) -> None:
        super().__init__()
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator app needs to know; shown once."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)


def enrol(person: Person, password: str) -> Enrolment:
    """Make a new secret, which counts once a code of it was seen. Raises WrongPassword, Conflict."""
    require(person.user_id, password)
    secret = pyotp.random_base32()
    with unit_of_work() as uow:
        params = {"user_id": person.user_id, "secret": vault().seal_text(secret)}
        if uow.session.execute(_ENROL, params).one_or_none() is None:
            raise Conflict("You have a second factor already. Turn it off first.")
        uow.commit()
    return Enrolment(secret, pyotp.TOTP(secret).provisioning_uri(name=person.email, issuer_name=ISSUER))


def confirm(person: Person, code: str, *, clock: Callable[[], float] = time.time) -> list[str]:
    """Ask for codes from now on; the recovery codes, shown once. Raises WrongCode, TooManyCodes, Conflict."""
    with unit_of_work() as uow:
        row = _locked(uow.session, person.user_id)
        if row is None or row.confirmed_at is not None:
            raise Conflict("There is no second factor that waits to be confirmed.")
        _check(uow, row, code, clock, recovery=False)
        uow.session.execute(_CONFIRM, {"user_id": person.user_id})
        codes = _new_recovery_codes(uow.session, person.user_id)
        audit_user(uow.session, person.user_id, "user.second_factor_enabled")
        notify(uow.session, person.email, "A second factor was set up for signing in.")
        uow.commit()
    return codes


def disable(person: Person, password: str) -> None:
    """Ask for codes no longer. Safe to repeat. Raises WrongPassword."""
    require(person.user_id, password)
    with unit_of_work() as uow:
        # The factor before its codes, as whoever spends one of them takes them.
        if uow.session.execute(_DISABLE, {"user_id": person.user_id}).one_or_none() is not None:
            uow.session.execute(_FORGET_CODES, {"user_id": person.user_id})
            audit_user(uow.session, person.user_id, "user.second_factor_disabled")
            notify(uow.session, person.email, "The second factor for signing in was turned off.")
        uow.commit()


def renew_recovery_codes(person: Person, password: str) -> list[str]:
    """New recovery codes instead of the old ones, shown once. Raises WrongPassword, Conflict."""
    require(person.user_id, password)
    with unit_of_work() as uow:
        row = _locked(uow.session, person.user_id)
        if row is None or row.confirmed_at is None:
            raise Conflict("You have no second factor.")
        codes = _new_recovery_codes(uow.session, person.user_id)
        audit_user(uow.session, person.user_id, "user.recovery_codes_renewed")
        notify(uow.session, person.email, "New recovery codes for signing in were made.")
        uow.commit()
    return codes


def spend(user_id: int, code: str, *, clock: Callable[[], float] = time.time) -> None:
    """Take a one-time or recovery code, which cannot be taken again. Raises WrongCode, TooManyCodes."""
    with unit_of_work() as uow:
        row = _locked(uow.session, user_id)
        if row is not None and row.confirmed_at is not None:
            _check(uow, row, code, clock, recovery=True)
            uow.commit()


def reseal_secrets() -> int:
    """Seal every secret anew under the first key; how many. Safe to repeat. Raises CredentialsUnreadable."""
    with unit_of_work() as uow:
        rows = uow.session.execute(_SECRETS).all()
        for row in rows:
            resealed = {"id": row.id, "secret": vault().reseal(bytes(row.secret))}
            uow.session.execute(_RESEAL, resealed)
        uow.commit()
    return len(rows)


def _check(uow: Any, row: Any, code: str, clock: Callable[[], float], *, recovery: bool) -> None:
    """Count a wrong code in a commit of its own, or note what was taken in the caller's transaction."""
    now = clock()
    if row.locked_until is not None and row.locked_until.timestamp() > now:
        raise TooManyCodes(retry_after=row.locked_until.timestamp() - now)
    code = "".join(code.split()).replace("-", "")
    step = _step_of(vault().open_text(bytes(row.secret)), code, now)
    if step is not None and step > row.last_step:
        uow.session.execute(_TAKEN, {"user_id": row.user_id, "step": step})
        return
    if recovery and _spend_recovery_code(uow.session, row.user_id, code):
        uow.session.execute(_TAKEN, {"user_id": row.user_id, "step": row.last_step})
        return
    locks = {"user_id": row.user_id, "most": MOST_FAILURES, "now": now, "seconds": LOCK_SECONDS}
    uow.session.execute(_FAILED, locks)
    uow.commit()
    raise WrongCode()


def _step_of(secret: str, code: str, now: float) -> int | None:
    """The 30 seconds that a code belongs to, if it is one of about now."""
    try:
        return pyotp.TOTP(secret).verify_and_get_timecode(code, for_time=now, valid_window=WINDOW_STEPS)
    except OTPVerificationError:
        return None


def _new_recovery_codes(session: Session, user_id: int) -> list[str]:
    session.execute(_FORGET_CODES, {"user_id": user_id})
    made = [base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode() for _ in range(RECOVERY_CODES)]
    session.execute(_KEEP_CODE, [{"user_id": user_id, "code": hash_of(code)} for code in made])
    return ["-".join(code[at : at + 4] for at in range(0, len(code), 4)) for code in made]


def _spend_recovery_code(session: Session, user_id: int, code: str) -> bool:
    spent = {"user_id": user_id, "code": hash_of(code.upper())}
    return session.execute(_SPEND_CODE, spent).one_or_none() is not None


def _locked(session: Session, user_id: int) -> Any:
    return session.execute(_LOCKED, {"user_id": user_id}).one_or_none()


_ENROL = text(
    """
    INSERT INTO second_factors (user_id, secret) VALUES (:user_id, :secret)
    ON CONFLICT (user_id) DO UPDATE SET secret = excluded.secret WHERE second_factors.confirmed_at IS NULL
    RETURNING id
    """
)
_LOCKED = text(
    """
    SELECT user_id, secret, confirmed_at, last_step, locked_until FROM second_factors
    WHERE user_id = :user_id FOR UPDATE
    """
)
_CONFIRM = text("UPDATE second_factors SET confirmed_at = now() WHERE user_id = :user_id")
_DISABLE = text("DELETE FROM second_factors WHERE user_id = :user_id RETURNING id")
_TAKEN = text(
    """
    UPDATE second_factors SET last_step = :step, failures = 0, locked_until = NULL WHERE user_id = :user_id
    """
)
_FAILED = text(
    """
    UPDATE second_factors SET failures = failures + 1, locked_until = CASE
        WHEN failures + 1 >= :most THEN to_timestamp(:now) + make_interval(secs => :seconds) END
    WHERE user_id = :user_id
    """
)
_KEEP_CODE = text("INSERT INTO recovery_codes (user_id, code_hash) VALUES (:user_id, :code)")
_SPEND_CODE = text("DELETE FROM recovery_codes WHERE user_id = :user_id AND code_hash = :code RETURNING id")
_FORGET_CODES = text("DELETE FROM recovery_codes WHERE user_id = :user_id")
_SECRETS = text("SELECT id, secret FROM second_factors ORDER BY id FOR NO KEY UPDATE")
_RESEAL = text("UPDATE second_factors SET secret = :secret WHERE id = :id")
