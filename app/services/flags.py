"""Flags: what operators may switch off, for everybody or for one account. Each is on as it comes.

A flag is a line in FLAGS and a `require` (or `is_on`) in the service that heeds it; nothing else knows it.
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain.audit_actions import AuditAction
from app.errors import InvalidInput, NotFound, SyncFlowError
from app.services.staff.acting import Staff, record_about
from app.services.uow import unit_of_work


class Flag(StrEnum):
    REGISTRATIONS = "registrations"
    SAMPLE_DATA = "sample_data"


WORDS = {
    Flag.REGISTRATIONS: "People may register and open accounts of their own.",
    Flag.SAMPLE_DATA: "Accounts may have sample data made.",
}
FOR_ACCOUNTS = frozenset({Flag.SAMPLE_DATA})
"""Those that may be switched for one account, too."""


class SwitchedOff(SyncFlowError):
    """This is switched off for now. Please ask support."""

    code = "switched_off"


def is_on(session: Session, flag: Flag, account_id: int | None = None) -> bool:
    """Whether it is on for the account: its own setting, else that for everybody, else yes."""
    found = session.execute(_IS_ON, {"flag": flag, "account_id": account_id}).scalar_one_or_none()
    return True if found is None else bool(found)


def require(session: Session, flag: Flag, account_id: int | None = None) -> None:
    """Raises SwitchedOff unless it is on."""
    if not is_on(session, flag, account_id):
        raise SwitchedOff()


def switch(staff: Staff, name: str, *, on: bool, reason: str, account_id: int | None = None) -> None:
    """For everybody, or for one account. Raises NotFound, InvalidInput (not for one account)."""
    flag = _flag(name)
    if account_id is not None and flag not in FOR_ACCOUNTS:
        raise InvalidInput("This flag is for everybody only.")
    with unit_of_work() as uow:
        if account_id is not None:
            _require_account(uow.session, account_id)
        uow.session.execute(_SWITCH, {"flag": flag, "account_id": account_id, "on": on})
        action: AuditAction = "flag.switched_on" if on else "flag.switched_off"
        subject, detail = f"flag:{flag}", {"reason": reason}
        record_about(uow.session, staff, action, subject, account_id=account_id, detail=detail)
        uow.commit()


def forget(staff: Staff, name: str, account_id: int) -> None:
    """Have what holds for everybody hold for the account again. Safe to repeat. Raises NotFound."""
    flag = _flag(name)
    with unit_of_work() as uow:
        _require_account(uow.session, account_id)
        if uow.session.execute(_FORGET, {"flag": flag, "account_id": account_id}).one_or_none() is not None:
            record_about(uow.session, staff, "flag.forgotten", f"flag:{flag}", account_id=account_id)
        uow.commit()


def _flag(name: str) -> Flag:
    try:
        return Flag(name)
    except ValueError as err:
        raise NotFound("There is no such flag.") from err


def _require_account(session: Session, account_id: int) -> None:
    if session.execute(_ACCOUNT, {"id": account_id}).one_or_none() is None:
        raise NotFound("There is no such account.")


_IS_ON = text(
    """
    SELECT is_on FROM flag_settings
    WHERE flag = :flag AND (about_account = CAST(:account_id AS bigint) OR about_account IS NULL)
    ORDER BY about_account NULLS LAST LIMIT 1
    """
)
_SWITCH = text(
    """
    INSERT INTO flag_settings (flag, about_account, is_on) VALUES (:flag, :account_id, :on)
    ON CONFLICT (flag, about_account) DO UPDATE SET is_on = excluded.is_on, created_at = now()
    """
)
_FORGET = text("DELETE FROM flag_settings WHERE flag = :flag AND about_account = :account_id RETURNING id")
_ACCOUNT = text("SELECT id FROM accounts WHERE id = :id FOR KEY SHARE")
