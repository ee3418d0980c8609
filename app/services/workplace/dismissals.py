"""What a member put away, and may have back."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import text

from app.services.uow import unit_of_work
from app.services.workplace.members import Member


def dismiss(member: Member, wishes: Mapping[str, bool]) -> None:
    """Put away (True) or have back (False) each of these kinds (`app.models.workplace.DISMISSED`). Safe to
    repeat."""
    with unit_of_work() as uow:
        for kind, away in sorted(wishes.items()):
            uow.session.execute(_PUT_AWAY if away else _HAVE_BACK, {**member.key, "kind": kind})
        uow.commit()


_PUT_AWAY = text(
    """
    INSERT INTO dismissals (account_id, user_id, kind) VALUES (:account_id, :user_id, :kind)
    ON CONFLICT DO NOTHING
    """
)
_HAVE_BACK = text(
    "DELETE FROM dismissals WHERE account_id = :account_id AND user_id = :user_id AND kind = :kind"
)
