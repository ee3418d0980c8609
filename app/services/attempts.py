"""Writes on record: committed before they are sent, and closed by what came of them.

Whatever happens to the worker or to the answer, the attempt tells the next one what may have been written.
"""

from __future__ import annotations

import time
import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.domain.account import Belief
from app.domain.outward import OutwardKind
from app.measures.catalogue import PROPAGATION_SECONDS
from app.measures.current import meter
from app.platforms.base import CellRef, StockWrite, WriteKind, WriteOutcome, WriteResult
from app.platforms.errors import AuthExpired, Permanent, Transient
from app.services import brakes, outward
from app.services import cells as cell_store
from app.services.cells import Cell
from app.services.dead_letters.notes import Failure, note_failures
from app.services.faults import told
from app.services.readings import READING_DECIDES
from app.services.retries import delay, retries
from app.services.uow import unit_of_work
from app.services.work import Job
from app.services.write_plan import Planned

log = structlog.get_logger()

FRESH_SECONDS = 0.8
"""How old a number may be when it is sent: a later try takes what the ledger says by then."""
BLIND_SECONDS = 0.4
"""The same where nothing but haste keeps the write from overwriting a sale: without compare-and-set."""
STRAGGLER_SECONDS = 1.5
"""How long an answer is waited for before other cells are looked at."""
LANDING_SECONDS = 15.0
"""How long after its number was computed a request may still reach the shop, or its answer us."""
KEY_HOURS = 12
"""How long a platform with compare-and-set surely remembers an idempotency key; Shopify does for a day."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A committed attempt, ready to be sent."""

    id: int
    cell_id: int
    write: StockWrite


@dataclass(frozen=True, slots=True)
class Call:
    """Committed attempts that share a call of the platform, and its key."""

    kind: WriteKind
    key: uuid.UUID
    attempts: Sequence[Attempt]

    @property
    def writes(self) -> Sequence[StockWrite]:
        return [attempt.write for attempt in self.attempts]


def commit_attempts(
    session: Session, job: Job, planned: Sequence[Planned], started_at: datetime
) -> Sequence[Call]:
    """Write down what is about to be sent, one key per call. The caller commits.

    What the connection's brake holds back is left out, and all of it if the connection is active no more:
    the numbers may be those of a mapping that nobody has agreed to yet.
    """
    if not planned or session.execute(_IS_ACTIVE, {"id": job.scope.connection_id}).first() is None:
        return ()
    planned, unexplained = brakes.let_through(session, job.scope.connection_id, planned)
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
            "unexplained": [p.cell_id in unexplained for _key, _position, p in numbered],
        },
    )
    ids = {row.cell_id: row.id for row in rows}
    return [
        Call(
            batch[0].kind,
            key,
            [Attempt(ids[p.cell_id], p.cell_id, StockWrite(p.ref, p.expected, p.wanted)) for p in batch],
        )
        for key, batch in calls
    ]


def _batches(job: Job, planned: Sequence[Planned]) -> Iterator[Sequence[Planned]]:
    """What shares a call: numbers of a kind that go to one place, as many as the platform takes."""
    groups: dict[tuple[WriteKind, str], list[Planned]] = defaultdict(list)
    for plan in planned:
        groups[plan.kind, job.shop.platform.write_group(plan.ref)].append(plan)
    size = job.scope.capabilities.write_batch
    for group in groups.values():
        for start in range(0, len(group), size):
            yield group[start : start + size]


def send(job: Job, call: Call, *, repeat: bool = False) -> Sequence[WriteResult]:
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
        _record(job, call, all_alike(call, outcome, err.code), repeat=repeat)
        raise
    except Permanent as err:
        # Refused whole: each cell gets a job of its own, so that one poisonous row shows itself.
        outcome = WriteOutcome.UNKNOWN if repeat else WriteOutcome.REJECTED
        results = all_alike(call, outcome, READING_DECIDES if repeat else err.code, str(err))
    _record(job, call, results, repeat=repeat)
    if not repeat and all(r.outcome is WriteOutcome.NOT_APPLIED for r in results):
        raise Transient(results[0].message or results[0].code)  # no sense in asking again at once
    return results


def _age(call: Call) -> float:
    """Seconds since its numbers were computed."""
    with unit_of_work() as uow:
        age: float = uow.session.execute(_AGE, {"id": call.attempts[0].id}).scalar_one()
    return age


def all_alike(call: Call, outcome: WriteOutcome, code: str, message: str = "") -> Sequence[WriteResult]:
    return [WriteResult(write.ref, outcome, code, message) for write in call.writes]


def _record(job: Job, call: Call, results: Sequence[WriteResult], *, repeat: bool) -> None:
    """Move the accounts by what was written, and say what is left to do. One transaction."""
    with unit_of_work() as uow:
        session = uow.session
        locked = cell_store.lock(session, cell_ids=[a.cell_id for a in call.attempts])
        at = cell_store.now(session)
        ids = [attempt.id for attempt in call.attempts]
        open_now = {r.id: r for r in session.execute(_STILL_OPEN, {"ids": ids})}
        closing: list[tuple[int, str, str, str]] = []
        published, refused, waited = [], [], []
        for attempt, result in zip(call.attempts, results, strict=True):
            if attempt.id not in open_now:
                continue  # another worker asked again and recorded it
            asked_again = not repeat and open_now[attempt.id].tries > 1
            if asked_again and result.outcome is WriteOutcome.NOT_APPLIED:
                continue  # we slept and sent nothing; what the other worker sent may still land
            cell = locked[attempt.cell_id]
            if result.outcome is WriteOutcome.APPLIED and cell.dirty_since is not None:
                waited.append((at - cell.dirty_since).total_seconds())
            _take(job, cell, open_now[attempt.id], result, at)
            closing.append((attempt.id, result.outcome.value, result.code, result.message[:500]))
            if result.outcome is WriteOutcome.REJECTED:
                refused.append(_failure(cell, result))
            if result.outcome is WriteOutcome.APPLIED:
                number = {"variant_id": cell.variant_id, "quantity": open_now[attempt.id].to_quantity}
                published.append(number)
        cell_store.save(session, locked.values())
        outward.tell_rows(
            session,
            job.scope.account_id,
            OutwardKind.LISTING_PUBLISHED,
            "numbers",
            published,
            connection_id=job.scope.connection_id,
        )
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
        note_failures(session, refused)
        uow.commit()
    for seconds in waited:
        meter().observe(PROPAGATION_SECONDS, seconds, job.shop.platform.slug)
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
            cell.accepted()
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


def _refused(cell: Cell, result: WriteResult, at: datetime) -> None:
    """It leaves the batch and gets a job of its own, until its last attempt."""
    cell.failures += 1
    cell.error = (result.message or result.code)[:500]
    if cell.failures >= retries("cell").attempts:
        cell.state, cell.next_attempt_at = "failed", None
    else:
        cell.next_attempt_at = at + timedelta(seconds=delay("cell", cell.failures))


def _failure(cell: Cell, result: WriteResult) -> Failure:
    """Of a write that was refused, as the cell stands by now."""
    fault = told("Refused", result.code, result.message)
    return Failure("cell", cell.id, fault, is_last=cell.state == "failed", connection_id=cell.connection_id)


def ask_again(job: Job) -> None:
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
        given_up = {row.id for row in rows if not keyed or row.key_may_be_forgotten}
        again = [row.id for row in rows if row.id not in given_up]
        session.execute(_COUNT_TRY, {"ids": again, "seconds": LANDING_SECONDS})
        session.execute(_LEAVE_TO_A_READING, {"ids": list(given_up)})
        session.execute(_READ_AFTER_DEADLINE, {"ids": list(given_up)})
        uow.commit()
    for (key, kind), repeated in calls.items():
        if repeated[0].id in given_up:
            continue
        call = Call(WriteKind(kind), key, [_attempt_of(row) for row in repeated])
        if all(a.write.to_quantity <= wanted.get(a.cell_id, a.write.to_quantity) for a in call.attempts):
            send(job, call, repeat=True)
        else:
            _record(job, call, _withdrawn(job, call), repeat=True)


def _withdrawn(job: Job, call: Call) -> Sequence[WriteResult]:
    try:
        return job.shop.channel.withdraw(call.writes, kind=call.kind, key=str(call.key))
    except Permanent as err:
        return all_alike(call, WriteOutcome.UNKNOWN, READING_DECIDES, str(err))


def _attempt_of(row: Row[Any]) -> Attempt:
    ref = CellRef(row.external_stock_id, row.external_location_id)
    return Attempt(row.id, row.cell_id, StockWrite(ref, row.from_quantity, row.to_quantity))


def calls_under_way(session: Session, connection_id: int) -> int:
    """Calls that were sent and not answered yet."""
    count: int = session.execute(_UNDER_WAY, {"connection_id": connection_id}).scalar_one()
    return count


# Asked after the numbers were computed: a mapping that they saw came with another state.
_IS_ACTIVE = text("SELECT 1 FROM connections WHERE id = :id AND state = 'active'")
_INSERT_ATTEMPTS = text(
    """
    WITH started AS (
        UPDATE stock_cells SET version = version + 1 WHERE id = ANY(CAST(:cells AS bigint[]))
        RETURNING id, wanted_version
    )
    INSERT INTO push_attempts (account_id, connection_id, cell_id, batch_key, position, kind,
        from_quantity, to_quantity, unexplained, wanted_version, started_at, deadline_at)
    SELECT :account_id, :connection_id, w.cell_id, w.batch_key, w.position, w.kind, w.expected, w.wanted,
        w.unexplained, s.wanted_version, :started_at, clock_timestamp() + make_interval(secs => :seconds)
    FROM unnest(CAST(:keys AS uuid[]), CAST(:positions AS int[]), CAST(:kinds AS text[]),
        CAST(:cells AS bigint[]), CAST(:expected AS int[]), CAST(:wanted AS int[]),
        CAST(:unexplained AS boolean[]))
        AS w (batch_key, position, kind, cell_id, expected, wanted, unexplained)
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
