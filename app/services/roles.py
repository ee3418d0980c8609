"""Which rights members have, and whom they may give them to."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.errors import NotFound, SyncFlowError
from app.models.accounts import ROLES

NO_MEMBER = "There is no such member."


class RoleTooLow(SyncFlowError):
    """Your role does not allow to give this one, or to change somebody who has it."""

    code = "role_too_low"


def lock_roles(session: Session, account_id: int) -> None:
    """Of two who change who may do what in an account one waits for the other. Raises NotFound."""
    if session.execute(_LOCK, {"id": account_id}).one_or_none() is None:
        raise NotFound("There is no such account.")


def role_of(session: Session, account_id: int, user_id: int) -> str | None:
    """What a member may do now; None for somebody who is none."""
    role: str | None = session.execute(
        _ROLE, {"account_id": account_id, "user_id": user_id}
    ).scalar_one_or_none()
    return role


def require_no_less(role: str | None, *others: str) -> None:
    """Raises RoleTooLow where `role` is below one of the others."""
    if role is None or any(ROLES.index(role) > ROLES.index(other) for other in others):
        raise RoleTooLow()


_LOCK = text("SELECT id FROM accounts WHERE id = :id FOR NO KEY UPDATE")
_ROLE = text("SELECT role FROM memberships WHERE account_id = :account_id AND user_id = :user_id")
