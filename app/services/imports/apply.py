"""Do what a checked file says, batch by batch."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import Row, text

from app.services import stopping
from app.services.audit import audit_subject
from app.services.imports import store
from app.services.imports.base import Given
from app.services.matching import take_turns
from app.services.uow import unit_of_work

ROWS_PER_BATCH = 500
"""Of one transaction, which locks their variants and keeps shops from being imported meanwhile."""


def apply(imported: Row[Any], *, until: float, clock: Callable[[], float] = time.monotonic) -> bool:
    """Go on from the last row that was applied. True if it is `until`, or this process shall end, before the
    last one.

    Each row is judged anew in the transaction that applies it: what somebody changed since the file was
    checked is seen, and what a row came to is what is stored of it.
    """
    while _apply_some(imported.id):
        if clock() >= until or stopping.asked():
            return True
    return False


def _apply_some(import_id: int) -> bool:
    """One transaction. False if there is nothing left to do."""
    with unit_of_work() as uow:
        session = uow.session
        imported = store.lock(session, import_id)
        if imported.state != "applying":
            return False
        kind = store.KINDS[imported.kind]
        rows = store.next_rows(session, imported, kind.applies, ROWS_PER_BATCH)
        if rows:
            take_turns(session, imported.account_id)
            judged = kind.judge(session, imported, [Given(row.line, row.given) for row in rows])
            judged = store.without_clashes(session, imported, judged)
            done = [row for row in judged if row.outcome in kind.applies]
            if done:
                kind.apply(uow, imported, done)
            changed = store.rewrite(session, imported, {row.line: row.outcome for row in rows}, judged)
            applied = imported.applied + len(done)
            store.move_on(session, import_id, changed, applied=applied, applied_line=rows[-1].line)
            session.execute(_KEEP_AWAY, {"id": import_id})
            uow.commit()
    if not rows:
        kind.finish(imported)
        _close(import_id)
    return bool(rows)


def _close(import_id: int) -> None:
    with unit_of_work() as uow:
        imported = store.lock(uow.session, import_id)
        if imported.state != "applying":
            return
        uow.session.execute(_APPLIED, {"id": import_id})
        detail = {name: getattr(imported, name) for name in ("applied", "creates", "changes", "faulty")}
        subject = f"csv_import:{import_id}"
        audit_subject(uow.session, imported.account_id, imported.actor, "import.applied", subject, detail)
        uow.commit()


_KEEP_AWAY = text("UPDATE csv_imports SET wake_at = clock_timestamp() + interval '1 minute' WHERE id = :id")
_APPLIED = text(
    """
    UPDATE csv_imports SET state = 'applied', wake_at = NULL, closed_at = clock_timestamp() WHERE id = :id
    """
)
