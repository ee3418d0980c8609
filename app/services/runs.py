"""The record of longer pieces of work: when, how long, how many, and what went wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import text

from app.domain.outward import OutwardKind
from app.services import outward
from app.services.uow import unit_of_work

ITEMS_KEPT = 1000
"""Items stored per run; the counts tell the rest."""


@dataclass(slots=True)
class Run:
    """A run under way. Fill `counts`; add what a merchant may want to look at."""

    id: int
    account_id: int
    connection_id: int
    kind: str
    counts: dict[str, int] = field(default_factory=dict)
    items: list[dict[str, object]] = field(default_factory=list)

    def add(self, subject: str, outcome: str, *, message: str = "") -> None:
        if len(self.items) < ITEMS_KEPT:
            self.items.append({"subject": subject, "outcome": outcome, "message": message})


@contextmanager
def sync_run(account_id: int, connection_id: int, kind: str) -> Iterator[Run]:
    """Write down a run from its start, so that one whose worker died still shows. Faults pass through."""
    with unit_of_work() as uow:
        run_id = uow.session.execute(
            _START, {"account_id": account_id, "connection_id": connection_id, "kind": kind}
        ).scalar_one()
        uow.commit()
    run = Run(run_id, account_id, connection_id, kind)
    try:
        yield run
    except Exception as err:
        _finish(run, "failed", str(err)[:500] or type(err).__name__)
        raise
    _finish(run, "done", "")


def _finish(run: Run, state: str, error: str) -> None:
    with unit_of_work() as uow:
        uow.session.execute(
            _FINISH, {"id": run.id, "state": state, "error": error, "counts": json.dumps(run.counts)}
        )
        if state == "failed":
            data = {"run_id": run.id, "connection_id": run.connection_id, "kind": run.kind}
            outward.tell(uow.session, run.account_id, OutwardKind.SYNC_FAILED, data)
        if run.items:
            uow.session.execute(
                _ITEMS, {"account_id": run.account_id, "run_id": run.id, "rows": json.dumps(run.items)}
            )
        uow.commit()


_START = text(
    """
    INSERT INTO sync_runs (account_id, connection_id, kind) VALUES (:account_id, :connection_id, :kind)
    RETURNING id
    """
)
_FINISH = text(
    """
    UPDATE sync_runs SET state = :state, error = :error, counts = CAST(:counts AS jsonb),
        finished_at = clock_timestamp()
    WHERE id = :id
    """
)
_ITEMS = text(
    """
    INSERT INTO sync_run_items (account_id, run_id, subject, outcome, message)
    SELECT :account_id, :run_id, r.subject, r.outcome, r.message
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (subject text, outcome text, message text)
    """
)
