"""Make channels show what the ledger says: claim dirty cells, compute now, write, record.

A job never carries a quantity. Before any HTTP call a `push_attempt` per cell is committed; whatever
happens to the worker or to the answer, the attempt tells the next one what may have been written.
"""

from __future__ import annotations

import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import structlog
from flask import current_app
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.domain import backoff
from app.domain.account import Belief
from app.domain.publish import Decision, decide
from app.errors import SyncFlowError
from app.platforms.base import CellRef, StockWrite, WriteKind, WriteOutcome, WriteResult
from app.platforms.errors import AuthExpired, Permanent, Transient
from app.services import cells as cell_store
from app.services.cells import Cell
from app.services.leases import SLICE_SECONDS, Work, lease
from app.services.nudge import Drain, begin, nudge
from app.services.readings import READING_DECIDES
from app.services.uow import unit_of_work
from app.services.work import Job, work_on

log = structlog.get_logger()

T = TypeVar("T")

FRESH_SECONDS = 0.8
"""How old a number may be when it is sent: a later try takes what the ledger says by then."""
BLIND_SECONDS = 0.4
"""The same where nothing but haste keeps the write from overwriting a sale: without compare-and-set."""
LONGEST_IN_DOUBT = timedelta(seconds=2)
"""How long a cell in doubt has waited before it is lowered off a number that nothing explains yet."""
READING_SECONDS = 0.6
"""How long the reading before a write may take, unless the shop is always that slow."""
STRAGGLER_SECONDS = 1.5
"""How long an answer is waited for before other cells are looked at."""
CALLS_AT_A_TIME = 4
"""Calls under way at once for one shop, stragglers aside."""
GROUPS_AT_A_TIME = 4
"""Calls that follow one reading."""
CALLS_BESIDE = 2
"""Of those the ones under way at once."""
MOST_CALLS_UNDER_WAY = 12
"""With so many unanswered calls a shop has enough to do."""
LANDING_SECONDS = 15.0
"""How long after its number was computed a request may still reach the shop, or its answer us."""
KEY_HOURS = 12
"""How long a platform with compare-and-set surely remembers an idempotency key; Shopify does for a day."""
FAULTS_IN_A_ROW = 3
"""A shop that took no write so often is left alone for a while."""
FAULT_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 2.0
CANDIDATES = 2000
"""Dirty cells looked at for one claim: the longest waiting ones, of which the most urgent go first."""


class CellRefused(SyncFlowError):
    """The platform refused to take a listing's number after the last attempt."""

    code = "cell_refused"


@dataclass(frozen=True, slots=True)
class _Planned:
    """A cell that needs a write. `expected` is what we believe the channel shows."""

    cell_id: int
    ref: CellRef
    version: int
    expected: int
    wanted: int
    kind: WriteKind


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A committed attempt, ready to be sent."""

    id: int
    cell_id: int
    write: StockWrite


@dataclass(frozen=True, slots=True)
class _Call:
    """Committed attempts that share a call of the platform, and its key."""

    kind: WriteKind
    key: uuid.UUID
    attempts: Sequence[_Attempt]

    @property
    def writes(self) -> Sequence[StockWrite]:
        return [attempt.write for attempt in self.attempts]


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
            if held is None:
                return
            _ask_again(job)
            slice_ends = time.monotonic() + SLICE_SECONDS
            mood = _Mood()
            while _push_patiently(job, mood):
                if time.monotonic() > slice_ends:
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
            _push_batch(job, _Mood(hurry=False), only=cell_id)
    with unit_of_work() as uow:
        row = uow.session.execute(_CELL_STATE, {"id": cell_id}).one()
    if row.state == "failed":
        raise CellRefused(f"Cell {cell_id} was refused {row.failures} times: {row.error}")


@dataclass(slots=True)
class _Mood:
    """What a drain has met with so far."""

    hurry: bool = True
    """A reading before a write that took long is taken again."""
    went_stale: bool = False
    """Compare-and-set refused a batch, whole, for a number that moved: what lowers goes as a delta."""


def _push_patiently(job: Job, mood: _Mood) -> bool:
    """`_push_batch`, anew with fresh numbers where the shop took nothing."""
    for fault in range(1, FAULTS_IN_A_ROW + 1):
        try:
            mood.hurry = fault < FAULTS_IN_A_ROW
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
    with unit_of_work() as uow:
        under_way = uow.session.execute(_UNDER_WAY, {"connection_id": job.scope.connection_id}).scalar_one()
        if under_way >= MOST_CALLS_UNDER_WAY:
            return False  # the sweeper has it looked at again
        claimed, planned = _claim(uow.session, job, only, mood)
        at, began = cell_store.now(uow.session), time.monotonic()
        if capabilities.compare_and_set:
            work = [partial(_send, job, call) for call in _commit_attempts(uow.session, job, planned, at)]
        else:
            hurry = mood.hurry
            work = [
                partial(_read_and_send, job, some, at, began, hurry) for some in _neighbours(job, planned)
            ]
        uow.commit()
    outcomes, faults = _together(work)
    if work and len(faults) == len(work):
        raise faults[0]
    mood.went_stale |= WriteOutcome.STALE in outcomes
    more = claimed >= capabilities.write_batch * CALLS_AT_A_TIME
    return more or not outcomes.isdisjoint({WriteOutcome.NOT_APPLIED, WriteOutcome.STALE})


def _together(
    work: Sequence[Callable[[], Sequence[WriteResult]]],
) -> tuple[set[WriteOutcome], list[Transient]]:
    """Do it side by side: the outcomes, and the faults of what wrote nothing.

    What hangs holds up nothing else and is not waited for: an open attempt, or their version, keeps its cells
    from being written twice.
    """
    outcomes: set[WriteOutcome] = set()
    faults: list[Transient] = []
    if work:
        pool = ThreadPoolExecutor(CALLS_AT_A_TIME)
        begun = [pool.submit(_in_this_app(each)) for each in work]
        pool.shutdown(wait=False)
        for answered in wait(begun, timeout=STRAGGLER_SECONDS).done:
            try:
                outcomes.update(result.outcome for result in answered.result())
            except Transient as err:
                faults.append(err)
                outcomes.add(WriteOutcome.NOT_APPLIED)
    return outcomes, faults


def _in_this_app(act: Callable[[], T]) -> Callable[[], T]:
    """For another thread: the current application is known in this one only."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # the proxy is of this thread

    def run() -> T:
        with app.app_context():
            return act()

    return run


def _neighbours(job: Job, planned: Sequence[_Planned]) -> Iterator[Sequence[_Planned]]:
    """What is read by one call and written by few, so that little time passes between the two."""
    some: list[_Planned] = []
    groups: set[str] = set()
    for plan in sorted(planned, key=lambda plan: job.shop.platform.write_group(plan.ref)):
        groups.add(job.shop.platform.write_group(plan.ref))
        if len(some) == job.scope.capabilities.read_batch or len(groups) > GROUPS_AT_A_TIME:
            yield some
            some, groups = [], {job.shop.platform.write_group(plan.ref)}
        some.append(plan)
    if some:
        yield some


def _read_and_send(
    job: Job, planned: Sequence[_Planned], at: datetime, began: float, hurry: bool
) -> Sequence[WriteResult]:
    """Without compare-and-set. `at`: the database's clock at `began`. Raises Transient if nothing was
    written."""
    requested_at = at + timedelta(seconds=time.monotonic() - began)
    calls = _read_before_write(job, planned, requested_at, hurry=hurry)
    results: list[WriteResult] = []
    faults: list[Transient] = []
    with ThreadPoolExecutor(CALLS_BESIDE) as pool:
        sent = [(call, pool.submit(_in_this_app(partial(_send, job, call)))) for call in calls]
    for call, answered in sent:
        try:
            results += answered.result()
        except Transient as err:
            faults.append(err)
            results += _all_alike(call, WriteOutcome.NOT_APPLIED, err.code)
    if calls and len(faults) == len(calls):
        raise faults[0]
    return results


def _claim(session: Session, job: Job, only: int | None, mood: _Mood) -> tuple[int, list[_Planned]]:
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
        plan = _plan(job, cell, wanted.get(cell.id), at, moving=mood.went_stale)
        if plan is None:
            cell.synced_version, cell.dirty_since = cell.wanted_version, None
        else:
            planned.append(plan)
    cell_store.save(session, (c for c in locked.values() if not c.dirty))
    return len(locked), planned


def _plan(job: Job, cell: Cell, wanted: int | None, at: datetime, *, moving: bool = False) -> _Planned | None:
    """`moving`: the shop's numbers move faster than we learn of it."""
    if wanted is None or cell.account is None:
        return None
    decision = decide(
        cell.belief,
        wanted,
        in_doubt=cell.check_due_at is not None,
        stale=cell.stale or (moving and wanted < cell.belief.expected),
        deltas=job.scope.capabilities.deltas,
    )
    if decision is Decision.RIGHT:
        _accepted(cell)
        return _look(job, cell)
    if decision is Decision.WAIT:
        if cell.check_due_at is None:
            cell.look_again(at)
        return None
    kind = WriteKind.DELTA if decision is Decision.DELTA else WriteKind.SET
    return _Planned(cell.id, cell.ref, cell.version, cell.belief.expected, wanted, kind)


def _look(job: Job, cell: Cell) -> _Planned | None:
    """It is right if what we believe is. Where a write without compare-and-set may have given a sale back,
    that cannot wait for a reading without doubt: a plan that changes nothing has the number read."""
    if job.scope.capabilities.compare_and_set or not _in_doubt(cell):
        return None
    expected = cell.belief.expected
    return _Planned(cell.id, cell.ref, cell.version, expected, expected, WriteKind.SET)


def _in_doubt(cell: Cell) -> bool:
    return cell.check_due_at is not None and cell.reported is None


def _read_before_write(
    job: Job, planned: Sequence[_Planned], requested_at: datetime, *, hurry: bool
) -> Sequence[_Call]:
    """Without compare-and-set: read the same cells right before, and raise only what is as expected.

    In a `hurry` Transient is raised where that took so long that it is no longer right before.
    """
    started = time.monotonic()
    readings = job.shop.channel.read_levels([p.ref for p in planned])
    if hurry and time.monotonic() - started > READING_SECONDS:
        raise Transient("The shop took too long to tell its numbers.")  # somebody may have bought meanwhile
    shown = {reading.ref: reading.quantity for reading in readings}
    with unit_of_work() as uow:
        session = uow.session
        locked = cell_store.lock(session, cell_ids=[p.cell_id for p in planned])
        at = cell_store.now(session)
        wanted = cell_store.targets(session, list(locked.values()))
        unread = cell_store.unread_in_own_shop(session, list(locked.values()))
        go = []
        for plan in planned:
            cell = locked[plan.cell_id]
            if cell.version != plan.version:
                continue  # a reading came in between: still dirty, so claimed again
            write = _plan(job, cell, wanted.get(cell.id), at)
            number = shown.get(plan.ref)
            if number != cell.belief.expected or cell.id in unread:
                write = _lowered(write, number, unread.get(cell.id, 0))
            if number != cell.belief.expected:
                if write and number is not None and _waits(cell, number, unread.get(cell.id, 0), at):
                    _explain(cell, number, at + cell_store.HINT_SETTLE)
                    continue  # still dirty: what is learned or read in a moment has it pushed again
                _explain(cell, write.wanted if write else number, at + cell_store.HINT_SETTLE)
            if write is not None and write.wanted != write.expected:
                go.append(write)
            else:
                cell.synced_version, cell.dirty_since = cell.wanted_version, None
        cell_store.save(session, locked.values())
        calls = _commit_attempts(session, job, go, requested_at)
        uow.commit()
    return calls


def _waits(cell: Cell, number: int, unread: int, at: datetime) -> bool:
    """Whether a cell that shows another number than we believe is not lowered before the reason is known.

    Not where orders that we were told of are the reason, nor where a write may have given a sale back. A cell
    in doubt all the time waits for two seconds, any other until its reading is due.
    """
    if cell.belief.expected - number == unread:
        return False
    if not _in_doubt(cell):
        return cell.check_due_at is None or at < cell.check_due_at
    return (
        number < cell.belief.expected
        and cell.dirty_since is not None
        and at < cell.dirty_since + LONGEST_IN_DOUBT
    )


def _lowered(plan: _Planned | None, number: int | None, unread: int) -> _Planned | None:
    """The shop shows another number than we believe, or has sold units that we could not read yet. What the
    ledger fell by goes all the same, if it has waited for a while: on a SKU that sells every second there
    would never be a better moment.

    Less than we believe is most likely a sale on its way to us: the fall goes off the number that is there,
    so that the sale stays in it. More is nothing that we know of: the shop gets what the ledger says, less
    what it sold unread.
    Neither takes anything from what the next reading can tell, as the account moves by the difference to
    the number that was there.
    """
    if plan is None or number is None or plan.wanted > plan.expected:
        return None
    wanted = max(plan.wanted - max(plan.expected - number, unread), 0)
    return replace(plan, expected=number, wanted=wanted) if wanted < number else None


def _explain(cell: Cell, shown: int | None, due_at: datetime) -> None:
    """A sale, once learned, explains the number and has the cell pushed again; if nothing does soon, it is
    read between two order reads."""
    if shown is None:
        cell.look_again(due_at)
    elif cell.check_due_at is None or cell.reported is not None:
        cell.reported = shown
        cell.check_due_at = cell.check_due_at or due_at


def _commit_attempts(
    session: Session, job: Job, planned: Sequence[_Planned], started_at: datetime
) -> Sequence[_Call]:
    """Write down what is about to be sent, one key per call. The caller commits."""
    calls = [(uuid.uuid4(), batch) for batch in _batches(job, planned)]
    if not calls:
        return ()
    numbered = [(key, position, p) for key, batch in calls for position, p in enumerate(batch, 1)]
    rows = session.execute(
        _INSERT_ATTEMPTS,
        {
            "account_id": job.scope.account_id,
            "connection_id": job.scope.connection_id,
            "started_at": started_at,
            "seconds": LANDING_SECONDS,
            "keys": [key for key, _position, _p in numbered],
            "positions": [position for _key, position, _p in numbered],
            "kinds": [p.kind.value for _key, _position, p in numbered],
            "cells": [p.cell_id for _key, _position, p in numbered],
            "expected": [p.expected for _key, _position, p in numbered],
            "wanted": [p.wanted for _key, _position, p in numbered],
        },
    )
    ids = {row.cell_id: row.id for row in rows}
    return [
        _Call(
            batch[0].kind,
            key,
            [_Attempt(ids[p.cell_id], p.cell_id, StockWrite(p.ref, p.expected, p.wanted)) for p in batch],
        )
        for key, batch in calls
    ]


def _batches(job: Job, planned: Sequence[_Planned]) -> Iterator[Sequence[_Planned]]:
    """What shares a call: numbers of a kind that go to one place, as many as the platform takes."""
    groups: dict[tuple[WriteKind, str], list[_Planned]] = defaultdict(list)
    for plan in planned:
        groups[plan.kind, job.shop.platform.write_group(plan.ref)].append(plan)
    size = job.scope.capabilities.write_batch
    for group in groups.values():
        for start in range(0, len(group), size):
            yield group[start : start + size]


def _send(job: Job, call: _Call, *, repeat: bool = False) -> Sequence[WriteResult]:
    """One call, then its record. A fault that proves that nothing was written closes the attempts; that of a
    `repeat` proves nothing."""
    results: Sequence[WriteResult]
    age = 0.0 if repeat else _age(call)
    fresh = FRESH_SECONDS if job.scope.capabilities.compare_and_set else BLIND_SECONDS
    try:
        results = job.shop.channel.write_levels(
            call.writes,
            kind=call.kind,
            key=str(call.key),
            deadline=time.monotonic() + fresh - age,
        )
    except (Transient, AuthExpired) as err:
        outcome = WriteOutcome.UNKNOWN if repeat else WriteOutcome.NOT_APPLIED
        _record(job, call, _all_alike(call, outcome, err.code), repeat=repeat)
        raise
    except Permanent as err:
        # Refused whole: each cell gets a job of its own, so that one poisonous row shows itself.
        outcome = WriteOutcome.UNKNOWN if repeat else WriteOutcome.REJECTED
        results = _all_alike(call, outcome, READING_DECIDES if repeat else err.code, str(err))
    _record(job, call, results, repeat=repeat)
    if not repeat and all(r.outcome is WriteOutcome.NOT_APPLIED for r in results):
        raise Transient(results[0].message or results[0].code)  # no sense in asking again at once
    return results


def _age(call: _Call) -> float:
    """Seconds since its numbers were computed."""
    with unit_of_work() as uow:
        age: float = uow.session.execute(_AGE, {"id": call.attempts[0].id}).scalar_one()
    return age


def _all_alike(call: _Call, outcome: WriteOutcome, code: str, message: str = "") -> Sequence[WriteResult]:
    return [WriteResult(write.ref, outcome, code, message) for write in call.writes]


def _record(job: Job, call: _Call, results: Sequence[WriteResult], *, repeat: bool) -> None:
    """Move the accounts by what was written, and say what is left to do. One transaction."""
    with unit_of_work() as uow:
        session = uow.session
        locked = cell_store.lock(session, cell_ids=[a.cell_id for a in call.attempts])
        at = cell_store.now(session)
        ids = [attempt.id for attempt in call.attempts]
        open_now = {r.id: r for r in session.execute(_STILL_OPEN, {"ids": ids})}
        closing: list[tuple[int, str, str, str]] = []
        for attempt, result in zip(call.attempts, results, strict=True):
            if attempt.id not in open_now:
                continue  # another worker asked again and recorded it
            asked_again = not repeat and open_now[attempt.id].tries > 1
            if asked_again and result.outcome is WriteOutcome.NOT_APPLIED:
                continue  # we slept and sent nothing; what the other worker sent may still land
            cell = locked[attempt.cell_id]
            _take(job, cell, open_now[attempt.id], result, at)
            closing.append((attempt.id, result.outcome.value, result.code, result.message[:500]))
        cell_store.save(session, locked.values())
        session.execute(
            _CLOSE,
            {
                "ids": [c[0] for c in closing],
                "outcomes": [c[1] for c in closing],
                "codes": [c[2] for c in closing],
                "messages": [c[3] for c in closing],
                "at": at,
            },
        )
        uow.commit()
    counts: dict[str, int] = defaultdict(int)
    for _id, outcome, _code, _message in closing:
        counts[outcome] += 1
    log.info("push_recorded", connection_id=job.scope.connection_id, repeat=repeat, **counts)


def _take(job: Job, cell: Cell, attempt: Row[Any], result: WriteResult, at: datetime) -> None:
    """What one result does to its cell."""
    cell.version += 1
    match result.outcome:
        case WriteOutcome.APPLIED:
            difference = attempt.to_quantity - attempt.from_quantity
            cell.belief = Belief(cell.belief.account + difference, cell.drift)
            _accepted(cell)
            cell.synced_version = max(cell.synced_version, attempt.wanted_version)
            if not cell.dirty:
                cell.dirty_since = None
            if cell.stale:
                cell.look_again(at + cell_store.DOUBT_SETTLE)
        case WriteOutcome.STALE:
            cell.stale = True
            cell.look_again(at + cell_store.DOUBT_SETTLE)
        case WriteOutcome.UNKNOWN:
            if not job.scope.capabilities.compare_and_set or result.code == READING_DECIDES:
                cell.look_again(attempt.deadline_at + timedelta(seconds=1))
        case WriteOutcome.REJECTED:
            _refused(cell, result, at)
        case WriteOutcome.NOT_APPLIED:
            pass  # still dirty


def _accepted(cell: Cell) -> None:
    """Whatever the platform had against it is over."""
    if cell.failures:
        cell.state = "active"
    cell.failures, cell.next_attempt_at, cell.error = 0, None, ""


def _refused(cell: Cell, result: WriteResult, at: datetime) -> None:
    """It leaves the batch and gets a job of its own, until its last attempt."""
    cell.failures += 1
    cell.error = (result.message or result.code)[:500]
    if cell.failures >= backoff.MAX_ATTEMPTS:
        cell.state, cell.next_attempt_at = "failed", None
    else:
        seconds = backoff.delay_seconds(cell.failures, jitter=0.5)
        cell.next_attempt_at = at + timedelta(seconds=seconds)


def _ask_again(job: Job) -> None:
    """Attempts whose outcome nobody knows. With compare-and-set the identical call is sent again under
    its key, or withdrawn if a number in it is too high by now. Else, and once the platform may have
    forgotten the key, only a reading requested after their deadline can tell, and nothing is sent."""
    with unit_of_work() as uow:
        session = uow.session
        rows = session.execute(_UNANSWERED, {"connection_id": job.scope.connection_id}).all()
        calls: dict[tuple[uuid.UUID, str], list[Row[Any]]] = defaultdict(list)
        for row in rows:
            calls[row.batch_key, row.kind].append(row)
        locked = cell_store.lock(session, cell_ids=[row.cell_id for row in rows])
        wanted = cell_store.targets(session, list(locked.values()))
        keyed = job.scope.capabilities.compare_and_set
        given_up = [row.id for row in rows if not keyed or row.key_may_be_forgotten]
        again = [row.id for row in rows if row.id not in set(given_up)]
        session.execute(_COUNT_TRY, {"ids": again, "seconds": LANDING_SECONDS})
        session.execute(_LEAVE_TO_A_READING, {"ids": given_up})
        session.execute(_READ_AFTER_DEADLINE, {"ids": given_up})
        uow.commit()
    for (key, kind), repeated in calls.items():
        if repeated[0].id not in set(again):
            continue
        call = _Call(WriteKind(kind), key, [_attempt_of(row) for row in repeated])
        if all(a.write.to_quantity <= wanted.get(a.cell_id, a.write.to_quantity) for a in call.attempts):
            _send(job, call, repeat=True)
        else:
            _record(job, call, _withdrawn(job, call), repeat=True)


def _withdrawn(job: Job, call: _Call) -> Sequence[WriteResult]:
    try:
        return job.shop.channel.withdraw(call.writes, kind=call.kind, key=str(call.key))
    except Permanent as err:
        return _all_alike(call, WriteOutcome.UNKNOWN, READING_DECIDES, str(err))


def _attempt_of(row: Row[Any]) -> _Attempt:
    ref = CellRef(row.external_stock_id, row.external_location_id)
    return _Attempt(row.id, row.cell_id, StockWrite(ref, row.from_quantity, row.to_quantity))


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
    ORDER BY l.on_hand - l.committed >= d.expected, l.on_hand - l.committed, d.id
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
_CONNECTION_OF = text("SELECT connection_id FROM stock_cells WHERE id = :id")
_CELL_STATE = text("SELECT state, failures, error FROM stock_cells WHERE id = :id")
_INSERT_ATTEMPTS = text(
    """
    WITH started AS (
        UPDATE stock_cells SET version = version + 1 WHERE id = ANY(CAST(:cells AS bigint[]))
        RETURNING id, wanted_version
    )
    INSERT INTO push_attempts (account_id, connection_id, cell_id, batch_key, position, kind,
        from_quantity, to_quantity, wanted_version, started_at, deadline_at)
    SELECT :account_id, :connection_id, w.cell_id, w.batch_key, w.position, w.kind, w.expected, w.wanted,
        s.wanted_version, :started_at, clock_timestamp() + make_interval(secs => :seconds)
    FROM unnest(CAST(:keys AS uuid[]), CAST(:positions AS int[]), CAST(:kinds AS text[]),
        CAST(:cells AS bigint[]), CAST(:expected AS int[]), CAST(:wanted AS int[]))
        AS w (batch_key, position, kind, cell_id, expected, wanted)
    JOIN started s ON s.id = w.cell_id
    RETURNING id, cell_id
    """
)
_UNDER_WAY = text(
    """
    SELECT count(DISTINCT batch_key) FROM push_attempts
    WHERE connection_id = :connection_id AND outcome = 'open' AND deadline_at > clock_timestamp()
    """
)
_AGE = text(
    """
    SELECT CAST(extract(epoch FROM clock_timestamp() - created_at) AS float8)
    FROM push_attempts WHERE id = :id
    """
)
_STILL_OPEN = text(
    """
    SELECT id, from_quantity, to_quantity, wanted_version, deadline_at, tries FROM push_attempts
    WHERE id = ANY(CAST(:ids AS bigint[])) AND outcome IN ('open', 'unknown')
    """
)
_CLOSE = text(
    """
    UPDATE push_attempts a SET outcome = v.outcome, code = v.code, message = v.message,
        closed_at = CASE WHEN v.outcome <> 'unknown' THEN CAST(:at AS timestamptz) END
    FROM unnest(CAST(:ids AS bigint[]), CAST(:outcomes AS text[]), CAST(:codes AS text[]),
        CAST(:messages AS text[])) AS v (id, outcome, code, message)
    WHERE a.id = v.id
    """
)
_UNANSWERED = text(
    f"""
    SELECT a.id, a.cell_id, a.batch_key, a.kind, a.from_quantity, a.to_quantity,
        a.created_at < now() - make_interval(hours => {KEY_HOURS}) AS key_may_be_forgotten,
        c.external_stock_id, c.external_location_id
    FROM push_attempts a JOIN stock_cells c ON c.id = a.cell_id
    WHERE a.connection_id = :connection_id AND a.outcome IN ('open', 'unknown') AND c.state = 'active'
        AND a.code <> '{READING_DECIDES}'
        AND (a.outcome = 'unknown' OR a.created_at < now() - make_interval(secs => {STRAGGLER_SECONDS}))
    ORDER BY a.batch_key, a.position
    """  # noqa: S608  (constants)
)
_COUNT_TRY = text(
    """
    UPDATE push_attempts SET tries = tries + 1,
        deadline_at = greatest(deadline_at, clock_timestamp() + make_interval(secs => :seconds))
    WHERE id = ANY(CAST(:ids AS bigint[]))
    """
)
_LEAVE_TO_A_READING = text(
    f"""
    UPDATE push_attempts SET outcome = 'unknown', code = '{READING_DECIDES}'
    WHERE id = ANY(CAST(:ids AS bigint[])) AND outcome IN ('open', 'unknown')
    """  # noqa: S608  (a constant)
)
_READ_AFTER_DEADLINE = text(
    """
    WITH waiting AS (
        SELECT c.id, a.deadline_at FROM push_attempts a JOIN stock_cells c ON c.id = a.cell_id
        WHERE a.id = ANY(CAST(:ids AS bigint[])) AND c.state = 'active'
        ORDER BY c.id FOR NO KEY UPDATE OF c
    )
    UPDATE stock_cells c SET reported = NULL, check_due_at = w.deadline_at + interval '1 second'
    FROM waiting w WHERE c.id = w.id
    """
)
