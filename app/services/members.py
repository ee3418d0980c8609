"""Who belongs to an account and what they may do. There is always an owner."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain.audit_actions import AuditAction
from app.errors import Conflict, InvalidInput, NotFound, SyncFlowError
from app.models.accounts import ROLES
from app.services import api_keys, versions
from app.services.audit import audit_subject
from app.services.roles import NO_MEMBER, lock_roles, require_no_less, role_of
from app.services.uow import unit_of_work

CHANGEABLE = ("role",)


class LastOwner(SyncFlowError):
    """An account has an owner: make somebody else one first."""

    code = "last_owner"


def change_role(
    account_id: int, user_id: int, role: str, *, by: int, seen: Collection[str] | None = None
) -> None:
    """Give a member another role, as a user who has that role or a higher one, and whose role is no lower
    than the member's. Raises NotFound, RoleTooLow, LastOwner, InvalidInput, Outdated."""
    if role not in ROLES:
        raise InvalidInput(f"A role is one of {', '.join(ROLES)}.")
    with unit_of_work() as uow:
        before = _seen_by(uow.session, account_id, user_id, by)
        require_no_less(role_of(uow.session, account_id, by), before, role)
        versions.require(seen, versions.version_of({"role": before}, CHANGEABLE))
        if before != role:
            _set_role(uow.session, account_id, user_id, role)
            _require_owner(uow.session, account_id)
            _write_down(uow.session, account_id, by, "member.role_changed", user_id, before, role)
        uow.commit()


def remove(account_id: int, user_id: int, *, by: int, seen: Collection[str] | None = None) -> None:
    """End a membership. Keys that they made and invitations that they sent end with it.

    A user may end their own, whatever their role. Raises NotFound, RoleTooLow, LastOwner, Outdated.
    """
    with unit_of_work() as uow:
        before = _seen_by(uow.session, account_id, user_id, by)
        require_no_less(role_of(uow.session, account_id, by), before)
        versions.require(seen, versions.version_of({"role": before}, CHANGEABLE))
        api_keys.revoke_all_of(uow.session, account_id, user_id, actor=f"user:{by}")
        uow.session.execute(_REMOVE, {"account_id": account_id, "user_id": user_id})
        uow.session.execute(_REMOVE_FROM_SAMPLE, {"account_id": account_id, "user_id": user_id})
        _require_owner(uow.session, account_id)
        action: AuditAction = "member.left" if user_id == by else "member.removed"
        _write_down(uow.session, account_id, by, action, user_id, before, None)
        uow.commit()


def transfer_ownership(account_id: int, user_id: int, *, by: int) -> None:
    """Make another member an owner, and the owner who does it an admin. Raises NotFound, RoleTooLow,
    Conflict (to oneself)."""
    if user_id == by:
        raise Conflict("You are the owner already.")
    with unit_of_work() as uow:
        before = _seen_by(uow.session, account_id, user_id, by)
        require_no_less(role_of(uow.session, account_id, by), "owner")
        _set_role(uow.session, account_id, user_id, "owner")
        _set_role(uow.session, account_id, by, "admin")
        _write_down(uow.session, account_id, by, "account.ownership_transferred", user_id, before, "owner")
        uow.commit()


def _seen_by(session: Session, account_id: int, user_id: int, by: int) -> str:
    """A member's role, with all roles of the account held. Raises NotFound, also where `by` was thrown out
    meanwhile."""
    lock_roles(session, account_id)
    role = role_of(session, account_id, user_id)
    if role is None or role_of(session, account_id, by) is None:
        raise NotFound(NO_MEMBER)
    return role


def _set_role(session: Session, account_id: int, user_id: int, role: str) -> None:
    session.execute(_SET_ROLE, {"account_id": account_id, "user_id": user_id, "role": role})
    session.execute(
        _LAPSE, {"account_id": account_id, "user_id": user_id, "may": list(ROLES[ROLES.index(role) :])}
    )


def _require_owner(session: Session, account_id: int) -> None:
    if not session.execute(_HAS_OWNER, {"account_id": account_id}).scalar_one():
        raise LastOwner()


def _write_down(
    session: Session,
    account_id: int,
    by: int,
    action: AuditAction,
    user_id: int,
    before: str,
    after: str | None,
) -> None:
    detail = {"from": before, **({"to": after} if after else {})}
    audit_subject(session, account_id, f"user:{by}", action, f"user:{user_id}", detail)


_MEMBER = "account_id = :account_id AND user_id = :user_id"
_SET_ROLE = text(f"UPDATE memberships SET role = :role WHERE {_MEMBER}")  # noqa: S608  (a constant)
_REMOVE = text(f"DELETE FROM memberships WHERE {_MEMBER}")  # noqa: S608
_REMOVE_FROM_SAMPLE = text(
    """
    DELETE FROM memberships WHERE user_id = :user_id
        AND account_id IN (SELECT id FROM accounts WHERE sample_of = :account_id)
    """
)
_HAS_OWNER = text(
    "SELECT EXISTS (SELECT 1 FROM memberships WHERE account_id = :account_id AND role = 'owner')"
)
# Nobody gives what they do not have any more.
_LAPSE = text(f"DELETE FROM invitations WHERE {_MEMBER} AND role <> ALL(CAST(:may AS text[]))")  # noqa: S608
