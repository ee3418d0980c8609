"""The record of what was done with a connection: when, how long, how many, and what went wrong.

Each longer piece of work is a row of its own. Short ones that come many times a minute share the row of their
window of five minutes, and those that found nothing are not stored, or share one row, so that a quiet shop
leaves next to no rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain.outward import OutwardKind
from app.errors import Conflict, SyncFlowError
from app.services import outward
from app.services.stopping import Stopping
from app.services.uow import unit_of_work

ITEMS_KEPT = 1000
"""Items stored per run; the counts tell the rest."""
TRIES = 3
ASKED_FOR = ("import",)
MERGED = ("reconcile",)
WINDOW = "5 minutes"
THIS_WINDOW = f"date_bin('{WINDOW}', clock_timestamp(), TIMESTAMPTZ '2000-01-01 00:00Z')"


@dataclass(slots=True)
class Run:
    """A run under way. Fill the numbers; add what a merchant may want to look at."""

    id: int
    account_id: int
    connection_id: int
    kind: str
    looked_at: int = 0
    changed: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    items: list[dict[str, object]] = field(default_factory=list)
    failed: int = 0

    def fail(self, subject: str, outcome: str, *, message: str = "") -> None:
        """Something of it failed, and the run went on."""
        self.failed += 1
        if len(self.items) < ITEMS_KEPT:
            self.items.append({"subject": subject, "outcome": outcome, "message": message})

    def mend(self, subject: str, outcome: str) -> None:
        """Something was not as it should be, and is made so."""
        self.changed += 1
        if len(self.items) < ITEMS_KEPT:
            self.items.append({"subject": subject, "outcome": outcome, "message": ""})


@contextmanager
def sync_run(account_id: int, connection_id: int, kind: str, *, trigger: str = "clock") -> Iterator[Run]:
    """Write down a run from its start, so that one whose worker died still shows. Faults pass through.

    One that a person has asked for (`ask`) is taken up. A look that found nothing is added to the one before
    it, if that was alike and of the same day.
    """
    params = {"account_id": account_id, "connection_id": connection_id, "kind": kind, "trigger": trigger}
    with unit_of_work() as uow:
        run_id = uow.session.execute(_TAKE_UP, params).scalar() if kind in ASKED_FOR else None
        if run_id is None:
            run_id = uow.session.execute(_START, params).scalar_one()
        uow.commit()
    run = Run(run_id, account_id, connection_id, kind)
    try:
        yield run
    except Exception as err:
        _finish(run, "failed", *what_failed(err))
        raise
    except Stopping:
        _forget(run)
        raise
    _finish(run, "partly" if run.failed else "succeeded", "", "")


def ask(session: Session, account_id: int, connection_id: int, kind: str) -> int:
    """A person wants this run: it shows from now on, and waits for `sync_run`. Returns its id, or that of one
    which waits or runs already. The caller holds the connection's row."""
    params = {"account_id": account_id, "connection_id": connection_id, "kind": kind, "trigger": "person"}
    running = session.execute(_RUNNING, params).scalar()
    return int(running if running is not None else session.execute(_START, params).scalar_one())


def ask_manual(
    session: Session,
    account_id: int,
    *,
    connection_id: int | None = None,
    product_id: int | None = None,
    variant_id: int | None = None,
    trigger: str = "person",
) -> int:
    """Somebody wants all of it to be looked at and written now: `run_book` follows it to its end. Returns its
    id, or that of one for the same which is still under way."""
    params = {
        "account_id": account_id,
        "connection_id": connection_id,
        "product_id": product_id,
        "variant_id": variant_id,
        "trigger": trigger,
    }
    for _try in range(TRIES):
        started = session.execute(_START_MANUAL, params).scalar()
        running = started if started is not None else session.execute(_RUNNING_MANUAL, params).scalar()
        if running is not None:
            return int(running)
    raise Conflict("Another run of this has just ended. Please try again.")


def note(
    account_id: int,
    connection_id: int,
    kind: str,
    *,
    looked_at: int = 0,
    changed: int = 0,
    fault: SyncFlowError | None = None,
) -> None:
    """Add a short piece of work to its window. Only what found something, or failed, is worth it."""
    code, error = what_failed(fault) if fault is not None else ("", "")
    with unit_of_work() as uow:
        uow.session.execute(
            _NOTE,
            {
                "account_id": account_id,
                "connection_id": connection_id,
                "kind": kind,
                "looked_at": looked_at,
                "changed": changed,
                "failed": int(fault is not None),
                "code": code,
                "error": error,
            },
        )
        uow.commit()


def what_failed(err: Exception) -> tuple[str, str]:
    """Code and words for a merchant; what no one foresaw may tell of our insides, and says nothing."""
    if isinstance(err, SyncFlowError):
        return err.code, str(err)[:500]
    return "internal", "Something went wrong on our side; it was recorded."


def _forget(run: Run) -> None:
    """It begins anew elsewhere. One that a person asked for waits to be taken up."""
    with unit_of_work() as uow:
        uow.session.execute(_FORGET, {"id": run.id})
        uow.commit()


def _finish(run: Run, state: str, code: str, error: str) -> None:
    with unit_of_work() as uow:
        params = {"id": run.id, "connection_id": run.connection_id, "kind": run.kind}
        quiet = run.kind in MERGED and state == "succeeded" and not run.changed
        merged = quiet and uow.session.execute(_MERGE, {**params, "looked_at": run.looked_at}).first()
        if not merged:
            numbers = {"looked_at": run.looked_at, "changed": run.changed, "failed": run.failed}
            uow.session.execute(
                _FINISH,
                {
                    **params,
                    **numbers,
                    "state": state,
                    "code": code,
                    "error": error,
                    "counts": json.dumps(run.counts),
                },
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
    INSERT INTO sync_runs (account_id, connection_id, kind, trigger)
    VALUES (:account_id, :connection_id, :kind, :trigger)
    RETURNING id
    """
)
_RUNNING = text(
    """
    SELECT id FROM sync_runs
    WHERE connection_id = :connection_id AND kind = :kind AND state = 'running'
    ORDER BY id DESC LIMIT 1
    """
)
_START_MANUAL = text(
    """
    INSERT INTO sync_runs (account_id, connection_id, product_id, variant_id, kind, trigger)
    VALUES (:account_id, :connection_id, :product_id, :variant_id, 'manual', :trigger)
    ON CONFLICT (account_id, connection_id, product_id, variant_id)
        WHERE kind = 'manual' AND state = 'running' DO NOTHING
    RETURNING id
    """
)
_RUNNING_MANUAL = text(
    """
    SELECT id FROM sync_runs
    WHERE account_id = :account_id AND kind = 'manual' AND state = 'running'
        AND connection_id IS NOT DISTINCT FROM CAST(:connection_id AS bigint)
        AND product_id IS NOT DISTINCT FROM CAST(:product_id AS bigint)
        AND variant_id IS NOT DISTINCT FROM CAST(:variant_id AS bigint)
    """
)
# Its kind's lease is held: another that runs was asked for, or left behind by a worker that died.
_TAKE_UP = text(
    """
    UPDATE sync_runs SET created_at = clock_timestamp()
    WHERE id = (
        SELECT id FROM sync_runs
        WHERE connection_id = :connection_id AND kind = :kind AND state = 'running'
            AND trigger = 'person'
        ORDER BY id DESC LIMIT 1
    )
    RETURNING id
    """
)
_MERGE = text(
    """
    WITH last AS (
        SELECT id FROM sync_runs WHERE connection_id = :connection_id AND kind = :kind AND id < :id
        ORDER BY id DESC LIMIT 1
    ), merged AS (
        UPDATE sync_runs r SET times = r.times + 1, looked_at = :looked_at, finished_at = clock_timestamp()
        FROM last
        WHERE r.id = last.id AND r.state = 'succeeded' AND r.changed = 0 AND r.window_at IS NULL
            AND r.created_at >= date_trunc('day', now(), 'UTC')
        RETURNING r.id
    )
    DELETE FROM sync_runs WHERE id = :id AND EXISTS (SELECT 1 FROM merged)
    RETURNING id
    """
)
_FINISH = text(
    """
    UPDATE sync_runs SET state = :state, code = :code, error = :error, looked_at = :looked_at,
        changed = :changed, failed = :failed, counts = CAST(:counts AS jsonb),
        finished_at = clock_timestamp()
    WHERE id = :id
    """
)
_FORGET = text("DELETE FROM sync_runs WHERE id = :id AND trigger <> 'person'")
_ITEMS = text(
    """
    INSERT INTO sync_run_items (account_id, run_id, subject, outcome, message)
    SELECT :account_id, :run_id, r.subject, r.outcome, r.message
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (subject text, outcome text, message text)
    """
)
_NOTE = text(
    f"""
    INSERT INTO sync_runs AS r (account_id, connection_id, kind, created_at, window_at, finished_at,
        looked_at, changed, failed, code, error, state)
    SELECT :account_id, :connection_id, :kind, w.at, w.at, clock_timestamp(), :looked_at, :changed, :failed,
        :code, :error, CASE WHEN :failed > 0 THEN 'failed' ELSE 'succeeded' END
    FROM (SELECT {THIS_WINDOW} AS at) w
    ON CONFLICT (connection_id, kind, window_at) WHERE window_at IS NOT NULL DO UPDATE SET
        times = r.times + 1, finished_at = excluded.finished_at,
        looked_at = r.looked_at + excluded.looked_at, changed = r.changed + excluded.changed,
        failed = r.failed + excluded.failed,
        code = coalesce(nullif(excluded.code, ''), r.code),
        error = coalesce(nullif(excluded.error, ''), r.error),
        state = CASE WHEN r.state = excluded.state THEN r.state ELSE 'partly' END
    """  # noqa: S608  (a constant)
)
