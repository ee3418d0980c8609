"""One-time codes of an authenticator app (RFC 6238): made, taken once each, and not to be guessed.

`Factors` keeps them in a table whose rows belong to somebody, users (`second_factor.py`) or staff.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pyotp
from pyotp.exceptions import OTPVerificationError
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.errors import SyncFlowError
from app.services.credentials import vault
from app.services.uow import UnitOfWork, unit_of_work

WINDOW_STEPS = 1
"""By how many codes a phone's clock may be off, either way."""
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


class Factors:
    """The one-time codes in `table`, one row for each `owner`."""

    def __init__(self, table: str, owner: str) -> None:
        names = {"table": table, "owner": owner}
        self._enrol = text(_ENROL.format(**names))
        self._locked = text(_LOCKED.format(**names))
        self._confirm = text(_CONFIRM.format(**names))
        self._remove = text(_REMOVE.format(**names))
        self._taken = text(_TAKEN.format(**names))
        self._failed = text(_FAILED.format(**names))
        self._secrets = text(_SECRETS.format(**names))
        self._reseal = text(_RESEAL.format(**names))

    def enrol(self, session: Session, owner_id: int, *, name: str, issuer: str) -> Enrolment | None:
        """A new secret, which counts once a code of it was seen; None if there is one that counts."""
        secret = pyotp.random_base32()
        params = {"owner_id": owner_id, "secret": vault().seal_text(secret)}
        if session.execute(self._enrol, params).one_or_none() is None:
            return None
        return Enrolment(secret, pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=issuer))

    def locked(self, session: Session, owner_id: int) -> Any:
        """The row, locked for this transaction, or None."""
        return session.execute(self._locked, {"owner_id": owner_id}).one_or_none()

    def confirm(self, session: Session, owner_id: int) -> None:
        """Have the secret count from now on."""
        session.execute(self._confirm, {"owner_id": owner_id})

    def remove(self, session: Session, owner_id: int) -> bool:
        """Whether there was one."""
        return session.execute(self._remove, {"owner_id": owner_id}).one_or_none() is not None

    def check(
        self,
        uow: UnitOfWork,
        row: Any,
        code: str,
        now: float,
        *,
        otherwise: Callable[[str], bool] | None = None,
    ) -> None:
        """Take a code in the caller's transaction, or what `otherwise` takes in its place; a wrong one is
        counted in a commit of its own. Raises WrongCode, TooManyCodes."""
        if row.locked_until is not None and row.locked_until.timestamp() > now:
            raise TooManyCodes(retry_after=row.locked_until.timestamp() - now)
        code = "".join(code.split()).replace("-", "")
        step = _step_of(vault().open_text(bytes(row.secret)), code, now)
        if step is not None and step > row.last_step:
            uow.session.execute(self._taken, {"owner_id": row.owner_id, "step": step})
            return
        if otherwise is not None and otherwise(code):
            uow.session.execute(self._taken, {"owner_id": row.owner_id, "step": row.last_step})
            return
        locks = {"owner_id": row.owner_id, "most": MOST_FAILURES, "now": now, "seconds": LOCK_SECONDS}
        uow.session.execute(self._failed, locks)
        uow.commit()
        raise WrongCode()

    def reseal(self) -> int:
        """Seal every secret anew under the first key; how many. Safe to repeat.

        Raises CredentialsUnreadable.
        """
        with unit_of_work() as uow:
            rows = uow.session.execute(self._secrets).all()
            for row in rows:
                resealed = {"id": row.id, "secret": vault().reseal(bytes(row.secret))}
                uow.session.execute(self._reseal, resealed)
            uow.commit()
        return len(rows)


def _step_of(secret: str, code: str, now: float) -> int | None:
    """The 30 seconds that a code belongs to, if it is one of about now."""
    try:
        return pyotp.TOTP(secret).verify_and_get_timecode(code, for_time=now, valid_window=WINDOW_STEPS)
    except OTPVerificationError:
        return None


_ENROL = """
    INSERT INTO {table} ({owner}, secret) VALUES (:owner_id, :secret)
    ON CONFLICT ({owner}) DO UPDATE SET secret = excluded.secret WHERE {table}.confirmed_at IS NULL
    RETURNING id
"""
_LOCKED = """
    SELECT {owner} AS owner_id, secret, confirmed_at, last_step, locked_until FROM {table}
    WHERE {owner} = :owner_id FOR UPDATE
"""
_CONFIRM = "UPDATE {table} SET confirmed_at = now() WHERE {owner} = :owner_id"
_REMOVE = "DELETE FROM {table} WHERE {owner} = :owner_id RETURNING id"
_TAKEN = "UPDATE {table} SET last_step = :step, failures = 0, locked_until = NULL WHERE {owner} = :owner_id"
_FAILED = """
    UPDATE {table} SET failures = failures + 1, locked_until = CASE
        WHEN failures + 1 >= :most THEN to_timestamp(:now) + make_interval(secs => :seconds) END
    WHERE {owner} = :owner_id
"""
_SECRETS = "SELECT id, secret FROM {table} ORDER BY id FOR NO KEY UPDATE"
_RESEAL = "UPDATE {table} SET secret = :secret WHERE id = :id"
