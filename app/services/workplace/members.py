"""Whose things they are."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.errors import Conflict, NotFound

CHANGED_MEANWHILE = "It was changed meanwhile. Please look at it again."


@dataclass(frozen=True, slots=True)
class Member:
    """A user in an account."""

    account_id: int
    user_id: int

    @property
    def actor(self) -> str:
        return f"user:{self.user_id}"

    @property
    def key(self) -> dict[str, object]:
        return {"account_id": self.account_id, "user_id": self.user_id}


def lock(session: Session, member: Member) -> None:
    """Of two that add something to a member's things one waits, so that their number can be bounded."""
    session.execute(_LOCK, member.key)


def require_fresh(current: int | None, seen: int, what: str) -> None:
    """Raises NotFound where there is none, Conflict where it is not the version that was seen."""
    if current is None:
        raise NotFound(f"There is no such {what}.")
    if current != seen:
        raise Conflict(CHANGED_MEANWHILE)


_LOCK = text(
    """
    SELECT 1 FROM memberships WHERE user_id = :user_id AND account_id = :account_id FOR NO KEY UPDATE
    """
)
