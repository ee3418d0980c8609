"""Sessions at the console: kept in the database, so that one can be ended; over when nobody works.

A session begins when the password was right, and then leads to the one-time code only. With the code a new
one takes its place, under a new token: whoever knew the first one gains nothing by it.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.services.staff.acting import Staff, record
from app.services.tokens import hash_of, new_token
from app.services.uow import unit_of_work

IDLE_MINUTES = 30
"""How long a session lasts after its last request, ..."""
MOST_HOURS = 12
"""... and in all."""
CODE_MINUTES = 10
"""How long somebody whose password was right may take to enter a code."""


@dataclass(frozen=True, slots=True)
class StaffAtWork:
    """Who a cookie stands for."""

    staff: Staff
    session_id: int
    signed_in: bool
    """False while the one-time code is missing."""

    @property
    def staff_id(self) -> int:
        assert self.staff.id is not None  # who has a session is somebody
        return self.staff.id


def begin(session: Session, staff_id: int, *, address: str, signed_in: bool) -> str:
    """The new session's token, in the caller's transaction."""
    token = new_token()
    params = {"staff_id": staff_id, "token": hash_of(token), "address": address, "signed_in": signed_in}
    session.execute(_BEGIN, params)
    return token


def at_work(token: str, *, address: str) -> StaffAtWork | None:
    """Whom a token stands for now, which counts as work: None once the session is over."""
    with unit_of_work() as uow:
        row = uow.session.execute(_USE, {"token": hash_of(token), **_LIMITS}).one_or_none()
        uow.commit()
    if row is None:
        return None
    return StaffAtWork(Staff(row.staff_user_id, row.email, address), row.id, row.signed_in)


def sign_out(at: StaffAtWork) -> None:
    """End the session. Safe to repeat."""
    with unit_of_work() as uow:
        if end(uow.session, at.session_id) and at.signed_in:
            record(uow.session, at.staff, "staff.signed_out", f"staff:{at.staff_id}")
        uow.commit()


def end(session: Session, session_id: int) -> bool:
    """Whether there was such a session."""
    return session.execute(_END, {"id": session_id}).one_or_none() is not None


def end_all(session: Session, staff_id: int, *, but: int = 0) -> None:
    """Of somebody, but for the session with this id."""
    session.execute(_END_ALL, {"staff_id": staff_id, "but": but})


_LIMITS = {"idle": IDLE_MINUTES, "most": MOST_HOURS, "code": CODE_MINUTES}
_BEGIN = text(
    """
    INSERT INTO staff_sessions (staff_user_id, token_hash, address, signed_in)
    VALUES (:staff_id, :token, :address, :signed_in)
    """
)
_USE = text(
    """
    UPDATE staff_sessions s SET last_used_at = now() FROM staff_users u
    WHERE s.token_hash = :token AND u.id = s.staff_user_id AND u.disabled_at IS NULL
      AND s.last_used_at > now() - make_interval(mins => :idle)
      AND s.created_at > now() - CASE WHEN s.signed_in THEN make_interval(hours => :most)
          ELSE make_interval(mins => :code) END
    RETURNING s.id, s.staff_user_id, u.email, s.signed_in
    """
)
_END = text("DELETE FROM staff_sessions WHERE id = :id RETURNING id")
_END_ALL = text("DELETE FROM staff_sessions WHERE staff_user_id = :staff_id AND id <> :but")
PURGE = text("DELETE FROM staff_sessions WHERE last_used_at < now() - interval '1 day'")
"""For house keeping; longer ago than any session lasts."""
