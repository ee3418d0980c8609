"""The record of what staff do: written here, in the transaction that does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.domain.audit_actions import AuditAction
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
    session: Session, staff: Staff, action: str, subject: str, *, detail: Mapping[str, Any] | None = None
) -> None:
    """Write down what is done that is about no account, in the caller's transaction. `subject` is
    `<kind>:<id>`; `detail` holds neither secrets nor personal data."""
    _add(session, staff, action, subject, None, detail)


def record_about(
    session: Session,
    staff: Staff,
    action: AuditAction,
    subject: str,
    *,
    account_id: int | None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """`record` of what may be about an account: then it is in that account's audit log as well."""
    _add(session, staff, action, subject, account_id, detail)
    if account_id is not None:
        audit_subject(session, account_id, staff.actor, action, subject, detail)


def _add(
    session: Session,
    staff: Staff,
    action: str,
    subject: str,
    account_id: int | None,
    detail: Mapping[str, Any] | None,
) -> None:
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
