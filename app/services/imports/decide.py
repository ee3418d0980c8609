"""What a person does with an import: apply it, or give it up."""

from __future__ import annotations

from functools import partial
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.errors import Conflict
from app.services import counts
from app.services.audit import audit_subject
from app.services.imports import store
from app.services.imports.wake import wake
from app.services.uow import unit_of_work

OVER = ("applied", "refused", "failed", "cancelled")


class ImportHasFaults(Conflict):
    """Some of its rows cannot be used. Correct the file, or ask to leave those rows out."""

    code = "import_has_faults"


def apply(account_id: int, import_id: int, *, skip_faulty: bool, actor: str) -> None:
    """Have a checked file done: all of it, or with `skip_faulty` the rows that nothing is wrong with.

    Safe to repeat: one that is being applied, or was, stays so. Raises NotFound, ImportHasFaults, and
    Conflict for one that is not checked.
    """
    with unit_of_work() as uow:
        session = uow.session
        imported = store.lock_owned(session, account_id, import_id)
        if imported.state in ("applying", "applied"):
            return
        if imported.state != "checked":
            raise Conflict(f"The import is {imported.state}.")
        if imported.faulty and not skip_faulty:
            raise ImportHasFaults()
        session.execute(_APPLY, {"id": import_id, "count_id": _count(imported, actor)})
        detail = {"skip_faulty": skip_faulty}
        audit_subject(session, account_id, actor, "import.begun", f"csv_import:{import_id}", detail)
        uow.after_commit(partial(wake, import_id))
        uow.commit()


def cancel(account_id: int, import_id: int, *, actor: str) -> None:
    """Give it up. What was applied so far stays; counted numbers are booked only at the end, so none is.

    Safe to repeat. Raises NotFound, and Conflict for one that is over, or of which nothing is left to do.
    """
    with unit_of_work() as uow:
        session = uow.session
        imported = store.lock_owned(session, account_id, import_id)
        if imported.state != "cancelled":
            _require_cancellable(session, imported)
            session.execute(_CANCEL, {"id": import_id})
            session.execute(_DROP_PARTS, {"id": import_id})
            audit_subject(session, account_id, actor, "import.cancelled", f"csv_import:{import_id}")
            uow.commit()
    if imported.count_id is not None:  # also where a call before this one came no further
        counts.cancel(account_id, imported.count_id, actor=actor)


def _require_cancellable(session: Session, imported: Row[Any]) -> None:
    if imported.state in OVER:
        raise Conflict(f"The import is {imported.state}.")
    kind = store.KINDS[imported.kind]
    if imported.state == "applying" and not store.next_rows(session, imported, kind.applies, 1):
        raise Conflict("All of its rows are applied.")


def _count(imported: Row[Any], actor: str) -> int | None:
    """The count that the numbers are put into. Its key makes a second try find the first one's."""
    if imported.location_id is None:
        return None
    return counts.begin(
        imported.account_id,
        imported.location_id,
        note=imported.file_name,
        actor=actor,
        key=f"csv_import:{imported.id}",
    )


_APPLY = text(
    """
    UPDATE csv_imports SET state = 'applying', count_id = :count_id,
        wake_at = clock_timestamp() + interval '1 minute'
    WHERE id = :id
    """
)
_CANCEL = text(
    """
    UPDATE csv_imports SET state = 'cancelled', wake_at = NULL, closed_at = clock_timestamp() WHERE id = :id
    """
)
_DROP_PARTS = text("DELETE FROM csv_import_parts WHERE import_id = :id")
