"""The second factor: one-time codes of an authenticator app, and recovery codes on paper."""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Callable

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.errors import Conflict
from app.services.audit import audit_user
from app.services.auth import Person
from app.services.one_time_codes import Enrolment, Factors
from app.services.password_changes import Change, notify, require
from app.services.tokens import hash_of
from app.services.uow import unit_of_work

ISSUER = "SyncFlow"
RECOVERY_CODES = 10
RECOVERY_BYTES = 10
FACTORS = Factors("second_factors", "user_id")


def enrol(person: Person, password: str) -> Enrolment:
    """Make a new secret, which counts once a code of it was seen. Raises WrongPassword, Conflict."""
    require(person.user_id, password)
    with unit_of_work() as uow:
        enrolment = FACTORS.enrol(uow.session, person.user_id, name=person.email, issuer=ISSUER)
        if enrolment is None:
            raise Conflict("You have a second factor already. Turn it off first.")
        uow.commit()
    return enrolment


def confirm(person: Person, code: str, *, clock: Callable[[], float] = time.time) -> list[str]:
    """Ask for codes from now on; the recovery codes, shown once. Raises WrongCode, TooManyCodes, Conflict."""
    with unit_of_work() as uow:
        row = FACTORS.locked(uow.session, person.user_id)
        if row is None or row.confirmed_at is not None:
            raise Conflict("There is no second factor that waits to be confirmed.")
        FACTORS.check(uow, row, code, clock())
        FACTORS.confirm(uow.session, person.user_id)
        codes = _new_recovery_codes(uow.session, person.user_id)
        audit_user(uow.session, person.user_id, "user.second_factor_enabled")
        notify(uow.session, person.email, Change.SECOND_FACTOR_ON, person.language)
        uow.commit()
    return codes


def disable(person: Person, password: str) -> None:
    """Ask for codes no longer. Safe to repeat. Raises WrongPassword."""
    require(person.user_id, password)
    with unit_of_work() as uow:
        # The factor before its codes, as whoever spends one of them takes them.
        if FACTORS.remove(uow.session, person.user_id):
            uow.session.execute(_FORGET_CODES, {"user_id": person.user_id})
            audit_user(uow.session, person.user_id, "user.second_factor_disabled")
            notify(uow.session, person.email, Change.SECOND_FACTOR_OFF, person.language)
        uow.commit()


def renew_recovery_codes(person: Person, password: str) -> list[str]:
    """New recovery codes instead of the old ones, shown once. Raises WrongPassword, Conflict."""
    require(person.user_id, password)
    with unit_of_work() as uow:
        row = FACTORS.locked(uow.session, person.user_id)
        if row is None or row.confirmed_at is None:
            raise Conflict("You have no second factor.")
        codes = _new_recovery_codes(uow.session, person.user_id)
        audit_user(uow.session, person.user_id, "user.recovery_codes_renewed")
        notify(uow.session, person.email, Change.RECOVERY_CODES, person.language)
        uow.commit()
    return codes


def spend(user_id: int, code: str, *, clock: Callable[[], float] = time.time) -> None:
    """Take a one-time or recovery code, which cannot be taken again. Raises WrongCode, TooManyCodes."""
    with unit_of_work() as uow:
        row = FACTORS.locked(uow.session, user_id)
        if row is not None and row.confirmed_at is not None:
            FACTORS.check(
                uow,
                row,
                code,
                clock(),
                otherwise=lambda entered: _spend_recovery_code(uow.session, user_id, entered),
            )
            uow.commit()


def reseal_secrets() -> int:
    """Seal every secret anew under the first key; how many. Safe to repeat. Raises CredentialsUnreadable."""
    return FACTORS.reseal()


def _new_recovery_codes(session: Session, user_id: int) -> list[str]:
    session.execute(_FORGET_CODES, {"user_id": user_id})
    made = [base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode() for _ in range(RECOVERY_CODES)]
    session.execute(_KEEP_CODE, [{"user_id": user_id, "code": hash_of(code)} for code in made])
    return ["-".join(code[at : at + 4] for at in range(0, len(code), 4)) for code in made]


def _spend_recovery_code(session: Session, user_id: int, code: str) -> bool:
    spent = {"user_id": user_id, "code": hash_of(code.upper())}
    return session.execute(_SPEND_CODE, spent).one_or_none() is not None


_KEEP_CODE = text("INSERT INTO recovery_codes (user_id, code_hash) VALUES (:user_id, :code)")
_SPEND_CODE = text("DELETE FROM recovery_codes WHERE user_id = :user_id AND code_hash = :code RETURNING id")
_FORGET_CODES = text("DELETE FROM recovery_codes WHERE user_id = :user_id")
