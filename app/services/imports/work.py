"""A worker's turn on an import."""

from __future__ import annotations

import time

from sqlalchemy import text

from app.errors import NotFound, SyncFlowError
from app.services.imports import store
from app.services.imports.apply import apply
from app.services.imports.check import check
from app.services.imports.wake import wake
from app.services.retries import delay, retries
from app.services.uow import unit_of_work

SLICE_SECONDS = 30.0
"""After that the next merchant's import has its turn."""
OUR_FAULT = "Something went wrong on our side. What was applied stays: upload the file again for the rest."


def work_on(import_id: int) -> None:
    """Check or apply it, for a while. Safe to run at any time and to end anywhere: the rows say how far it
    came. A fault is tried again by the sweeper, a few times in a row."""
    try:
        with unit_of_work() as uow:
            imported = store.lock(uow.session, import_id)
    except NotFound:
        return  # it was given up while it waited
    until = time.monotonic() + SLICE_SECONDS
    steps = {"checking": check, "applying": apply}
    if imported.state not in steps:
        return
    try:
        goes_on = steps[imported.state](imported, until=until)
    except Exception as err:
        _note_failure(import_id, str(err) if isinstance(err, SyncFlowError) else OUR_FAULT)
        raise
    if goes_on:
        wake(import_id)


def _note_failure(import_id: int, problem: str) -> None:
    with unit_of_work() as uow:
        failures = uow.session.execute(_FAILURES, {"id": import_id}).scalar()
        params = {"id": import_id, "most": retries("import").attempts, "problem": problem}
        uow.session.execute(_FAILED, params | {"seconds": delay("import", (failures or 0) + 1)})
        uow.session.execute(_DROP_PARTS_OF_FAILED, {"id": import_id})
        uow.commit()


_FAILURES = text("SELECT failures FROM csv_imports WHERE id = :id FOR NO KEY UPDATE")
_FAILED = text(
    """
    UPDATE csv_imports SET failures = failures + 1,
        state = CASE WHEN failures + 1 < :most THEN state ELSE 'failed' END,
        problem = CASE WHEN failures + 1 < :most THEN problem ELSE :problem END,
        closed_at = CASE WHEN failures + 1 < :most THEN closed_at ELSE clock_timestamp() END,
        wake_at = CASE WHEN failures + 1 < :most
            THEN clock_timestamp() + make_interval(secs => :seconds) END
    WHERE id = :id AND state IN ('checking', 'applying')
    """
)
_DROP_PARTS_OF_FAILED = text(
    """
    DELETE FROM csv_import_parts p USING csv_imports i
    WHERE p.import_id = :id AND i.id = p.import_id AND i.state = 'failed'
    """
)
