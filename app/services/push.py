"""Make channels show what the ledger says: claim dirty cells, compute now, write, record.

A job never carries a quantity. Before any HTTP call a `push_attempt` per cell is committed
(app/services/attempts.py).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.platforms.base import WriteOutcome, WriteResult
from app.platforms.errors import Transient
from app.services import cells as cell_store
from app.services import stopping
from app.services.attempts import STRAGGLER_SECONDS, ask_again, calls_under_way, commit_attempts, send
from app.services.blind_writes import neighbours, read_and_send
from app.services.faults import LastAttempt
from app.services.leases import SLICE_SECONDS, Work, lease
from app.services.nudge import Drain, begin, nudge
from app.services.threads import in_this_app
from app.services.uow import unit_of_work
from app.services.work import Job, work_on
from app.services.write_plan import Planned, plan_write

CALLS_AT_A_TIME = 4
"""Calls under way at once for one shop, stragglers aside."""
BLIND_AT_A_TIME = 2
"""Readings, each with the calls that follow it: more of them would only slow each other down."""
MOST_CALLS_UNDER_WAY = 12
"""With so many unanswered calls a shop has enough to do."""
FAULTS_IN_A_ROW = 3
"""A shop that took no write so often is left alone for a while."""
FAULT_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 2.0
CANDIDATES = 2000
"""Dirty cells looked at for one claim: the longest waiting ones, of which the most urgent go first."""


class CellRefused(LastAttempt):
    """The platform refused to take a listing's number after the last attempt."""

    code = "cell_refused"


def drain(connection_id: int) -> None:
    """Write all of the connection's dirty cells. Changes of one window share their calls.

    Safe to run at any time and twice: a second drain of the same connection finds the lease taken, leaves
    word and goes; the first has the cells looked at again when it gives the lease back.
    """
    with work_on(connection_id, states=("active",)) as job:
        if job is None:
            return
        time.sleep(job.settings.push_window_ms / 1000)
        begin(Drain.PUSH, connection_id)
        with lease(Work.PUSH, connection_id) as held:
            if held is None or not _may_write(job):
                return
            ask_again(job)
            slice_ends = time.monotonic() + SLICE_SECONDS
            mood = _Mood()
            while _push_patiently(job, mood):
                if time.monotonic() > slice_ends or stopping.asked():
                    nudge(Drain.PUSH, connection_id)
                    return
                begin(Drain.PUSH, connection_id)


def push_cell(cell_id: int) -> None:
    """One more attempt at a cell that its platform refused. Raises CellRefused after the last."""
    with unit_of_work() as uow:
        connection_id = uow.session.execute(_CONNECTION_OF, {"id": cell_id}).scalar_one_or_none()
    if connection_id is None:
        return
    with (
        work_on(connection_id, states=("active",)) as job,
        lease(Work.PUSH, connection_id, wait_seconds=10) as held,
    ):
        if job is not None and held is not None:
            _push_batch(job, _Mood(), only=cell_id)
    with unit_of_work() as uow:
        row = uow.session.execute(_CELL_STATE, {"id": cell_id}).one()
    if row.state == "failed":
        raise CellRefused(f"Cell {cell_id} was refused {row.failures} times: {row.error}")


@dataclass(slots=True)
class _Mood:
    """What a drain has met with so far."""

    went_stale: bool = False
    """Compare-and-set refused a batch, whole, for a number that moved: what lowers goes as a delta."""


def _push_patiently(job: Job, mood: _Mood) -> bool:
    """`_push_batch`, anew with fresh numbers where the shop took nothing."""
    for fault in range(1, FAULTS_IN_A_ROW + 1):
        try:
            return _push_batch(job, mood, only=None)
        except Transient as err:
            pause = max(err.retry_after or 0.0, FAULT_PAUSE_SECONDS * fault)
            if fault == FAULTS_IN_A_ROW or pause > LONGEST_PAUSE_SECONDS:
                raise
            time.sleep(pause)
    raise AssertionError("unreachable")  # the last try returns or raises


def _push_batch(job: Job, mood: _Mood, *, only: int | None) -> bool:
    """Claim, write and record one batch. True if there is more to write at once.

    What became dirty meanwhile is not: it was nudged for, and shares the call of its own window.
    """
    capabilities = job.scope.capabilities
    job.shop.channel.await_turn()
    work: Sequence[Callable[[], Sequence[WriteResult]]]
    if not _may_write(job):
        return False
    with unit_of_work() as uow:
        if calls_under_way(uow.session, job.scope.connection_id) >= MOST_CALLS_UNDER_WAY:
            return False  # the sweeper has it looked at again
        claimed, planned = _claim(uow.session, job, only, mood)
        at, began = cell_store.now(uow.session), time.monotonic()
        if capabilities.compare_and_set:
            work = [partial(send, job, call) for call in commit_attempts(uow.session, job, planned, at)]
        else:
            work = [partial(read_and_send, job, some, at, began) for some in neighbours(job, planned)]
        uow.commit()
    outcomes, faults = _together(work, CALLS_AT_A_TIME if capabilities.compare_and_set else BLIND_AT_A_TIME)
    if work and len(faults) == len(work):
        raise faults[0]
    mood.went_stale |= WriteOutcome.STALE in outcomes
    more = claimed >= capabilities.write_batch * CALLS_AT_A_TIME
    return more or not outcomes.isdisjoint({WriteOutcome.NOT_APPLIED, WriteOutcome.STALE})


def _may_write(job: Job) -> bool:
    """Whether the account's kill switch is off, and the connection is neither paused nor in review by now."""
    with unit_of_work() as uow:
        return bool(uow.session.execute(_MAY_WRITE, {"id": job.scope.connection_id}).scalar_one())


def _together(
    work: Sequence[Callable[[], Sequence[WriteResult]]], at_a_time: int
) -> tuple[set[WriteOutcome], list[Transient]]:
    """Do it side by side: the outcomes, and the faults of what wrote nothing.

    What hangs holds up nothing else and is not waited for: an open attempt, or their version, keeps its cells
    from being written twice.
    """
    outcomes: set[WriteOutcome] = set()
    faults: list[Transient] = []
    if work:
        pool = ThreadPoolExecutor(at_a_time)
        begun = [pool.submit(in_this_app(each)) for each in work]
        pool.shutdown(wait=False)
        for answered in wait(begun, timeout=STRAGGLER_SECONDS).done:
            try:
                outcomes.update(result.outcome for result in answered.result())
            except Transient as err:
                faults.append(err)
                outcomes.add(WriteOutcome.NOT_APPLIED)
    return outcomes, faults


def _claim(session: Session, job: Job, only: int | None, mood: _Mood) -> tuple[int, list[Planned]]:
    """Lock dirty cells, clear those that are right already or must wait for a reading, plan the rest."""
    ids = session.execute(
        _CLAIM_ONE if only is not None else _CLAIM,
        {
            "connection_id": job.scope.connection_id,
            "limit": job.scope.capabilities.write_batch * CALLS_AT_A_TIME,
            "candidates": CANDIDATES,
            "cell": only,
            "unreadable": list(cell_store.UNREADABLE),
        },
    ).scalars()
    locked = cell_store.lock(session, cell_ids=list(ids))
    at = cell_store.now(session)
    wanted = cell_store.targets(session, list(locked.values()))
    planned = []
    for cell in locked.values():
        plan = plan_write(job, cell, wanted.get(cell.id), at, moving=mood.went_stale)
        if plan is None:
            cell.synced_version, cell.dirty_since = cell.wanted_version, None
        else:
            planned.append(plan)
    cell_store.save(session, (c for c in locked.values() if not c.dirty))
    return len(locked), planned


_DIRTY = """
    c.dirty_since IS NOT NULL AND c.account IS NOT NULL
    AND NOT EXISTS (
        SELECT 1 FROM push_attempts a WHERE a.cell_id = c.id AND a.outcome IN ('open', 'unknown')
    )
"""
_CLAIM = text(
    f"""
    SELECT d.id FROM (
        SELECT c.id, c.variant_id, c.location_id, c.account + c.drift AS expected
        FROM stock_cells c
        WHERE c.connection_id = :connection_id AND c.state = 'active' AND c.failures = 0 AND {_DIRTY}
        ORDER BY c.dirty_since LIMIT :candidates
    ) d
    LEFT JOIN stock_levels l ON l.variant_id = d.variant_id AND l.location_id = d.location_id
    ORDER BY coalesce(l.on_hand - l.committed, 0) >= d.expected, coalesce(l.on_hand - l.committed, 0), d.id
    LIMIT :limit
    """  # noqa: S608  (a constant of this module)
)
_CLAIM_ONE = text(
    f"""
    SELECT c.id FROM stock_cells c WHERE c.id = :cell AND {_DIRTY}
        AND (c.state = 'active' OR (c.failures > 0 AND c.error <> ALL(:unreadable)))
    """  # noqa: S608  (a constant of this module)
)
"""A dead cell too: support replays it."""
_MAY_WRITE = text(
    """
    SELECT a.writes_stopped_at IS NULL AND c.state = 'active'
    FROM connections c JOIN accounts a ON a.id = c.account_id WHERE c.id = :id
    """
)
_CONNECTION_OF = text("SELECT connection_id FROM stock_cells WHERE id = :id")
_CELL_STATE = text("SELECT state, failures, error FROM stock_cells WHERE id = :id")
