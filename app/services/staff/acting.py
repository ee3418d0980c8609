"""The record of what staff do: written by one function, in the transaction that does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.models import StaffAction
from app.services.audit import audit_subject


@dataclass(frozen=True, slots=True)
class Staff:
    """A staff member who acts, and from where; `id` is None for the command line."""

    id: int | None
    email: str
    address: str = ""

    @property
    def actor(self) -> str:
        """As merchants' audit logs name them."""
        return "cli" if self.id is None else f"staff:{self.id}"


COMMAND_LINE = Staff(None, "")


def record(
    session: Session,
    staff: Staff,
    action: str,
    subject: str,
    *,
    account_id: int | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Write down what is done in the caller's transaction: for staff, and where it is about an account also
    in that account's audit log. `subject` is `<kind>:<id>`; `detail` holds neither secrets nor personal
    data."""
    kind, _colon, subject_id = subject.partition(":")
    session.add(
        StaffAction(
            staff_user_id=staff.id,
            address=staff.address,
            action=action,
            subject_kind=kind,
            subject_id=subject_id,
            about_account=account_id,
            detail=dict(detail or {}),
        )
    )
    if account_id is not None:
        audit_subject(session, account_id, staff.actor, action, subject, detail)
