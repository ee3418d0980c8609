"""Who may use the console: added, disabled and helped by the command line only."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.errors import Conflict, InvalidInput, NotFound
from app.services.auth import normal
from app.services.passwords import hashed
from app.services.staff import sessions, visits
from app.services.staff.acting import COMMAND_LINE, record
from app.services.staff.factors import FACTORS
from app.services.uow import unit_of_work


def add(email: str, password: str) -> None:
    """Let somebody in; they set up their one-time codes at their first sign-in. Who was disabled comes back
    so, by a new password and new codes. Raises InvalidInput, Conflict."""
    email = normal(email)
    if "@" not in email:
        raise InvalidInput("An e-mail address is needed.")
    password_hash = hashed(password)
    with unit_of_work() as uow:
        params = {"email": email, "password_hash": password_hash}
        staff_id = uow.session.execute(_ADD, params).scalar_one_or_none()
        if staff_id is None:
            raise Conflict("This e-mail address may use the console already.")
        FACTORS.remove(uow.session, staff_id)
        record(uow.session, COMMAND_LINE, "staff.added", f"staff:{staff_id}")
        uow.commit()


def disable(email: str) -> None:
    """Let somebody in no longer, and end their sessions and visits at once. Safe to repeat. Raises
    NotFound."""
    with unit_of_work() as uow:
        staff_id = _id_of(uow.session, email)
        if uow.session.execute(_DISABLE, {"id": staff_id}).one_or_none() is not None:
            record(uow.session, COMMAND_LINE, "staff.disabled", f"staff:{staff_id}")
        _end_all(uow.session, staff_id)
        uow.commit()


def reset_second_factor(email: str) -> None:
    """Have somebody who lost their phone set up their codes anew, and end their sessions and visits. Raises
    NotFound."""
    with unit_of_work() as uow:
        staff_id = _id_of(uow.session, email)
        if FACTORS.remove(uow.session, staff_id):
            record(uow.session, COMMAND_LINE, "staff.second_factor_reset", f"staff:{staff_id}")
        _end_all(uow.session, staff_id)
        uow.commit()


def _end_all(session: Session, staff_id: int) -> None:
    sessions.end_all(session, staff_id)
    visits.end_all(session, COMMAND_LINE, staff_id)


def _id_of(session: Session, email: str) -> int:
    staff_id: int | None = session.execute(_FIND, {"email": normal(email)}).scalar_one_or_none()
    if staff_id is None:
        raise NotFound(f"Nobody with the address {normal(email)} uses the console.")
    return staff_id


_ADD = text(
    """
    INSERT INTO staff_users AS s (email, password_hash) VALUES (:email, :password_hash)
    ON CONFLICT (email) DO UPDATE SET password_hash = excluded.password_hash, disabled_at = NULL
        WHERE s.disabled_at IS NOT NULL
    RETURNING id
    """
)
_FIND = text("SELECT id FROM staff_users WHERE email = :email FOR NO KEY UPDATE")
_DISABLE = text(
    "UPDATE staff_users SET disabled_at = now() WHERE id = :id AND disabled_at IS NULL RETURNING id"
)
