"""Writing to a platform without compare-and-set: the same numbers are read right before (docs/adr/0008)."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from app.platforms.base import LevelReading, WriteOutcome, WriteResult
from app.platforms.errors import Transient
from app.services import cells as cell_store
from app.services.attempts import Call, all_alike, commit_attempts, send
from app.services.cells import Cell
from app.services.threads import in_this_app
from app.services.uow import unit_of_work
from app.services.work import Job
from app.services.write_plan import Planned, in_doubt, plan_write

LONGEST_IN_DOUBT = timedelta(seconds=2)
"""How long a cell in doubt has waited before it is lowered off a number that nothing explains yet."""
READING_SECONDS = 0.6
"""How long the reading before a write may take: somebody may have bought meanwhile."""
READINGS = 3
"""A shop whose readings took longer so often is always that slow."""
GROUPS_AT_A_TIME = 4
"""Calls that follow one reading, all at once."""


def neighbours(job: Job, planned: Sequence[Planned]) -> Iterator[Sequence[Planned]]:
    """What is read by one call and written by few, so that little time passes between the two."""
    some: list[Planned] = []
    groups: set[str] = set()
    grouped = [(job.shop.platform.write_group(plan.ref), plan) for plan in planned]
    for group, plan in sorted(grouped, key=lambda pair: pair[0]):
        groups.add(group)
        if len(some) == job.scope.capabilities.read_batch or len(groups) > GROUPS_AT_A_TIME:
            yield some
            some, groups = [], {group}
        some.append(plan)
    if some:
        yield some


def read_and_send(job: Job, planned: Sequence[Planned], at: datetime, began: float) -> Sequence[WriteResult]:
    """Without compare-and-set. `at`: the database's clock at `began`. Raises Transient if nothing was
    written."""
    readings, asked = _read_quickly(job, planned)
    calls = _claim_what_is_as_expected(job, planned, readings, at + timedelta(seconds=asked - began))
    results: list[WriteResult] = []
    faults: list[Transient] = []
    with ThreadPoolExecutor(GROUPS_AT_A_TIME) as pool:
        sent = [(call, pool.submit(in_this_app(partial(send, job, call)))) for call in calls]
    for call, answered in sent:
        try:
            results += answered.result()
        except Transient as err:
            faults.append(err)
            results += all_alike(call, WriteOutcome.NOT_APPLIED, err.code)
    if calls and len(faults) == len(calls):
        raise faults[0]
    return results


def _read_quickly(job: Job, planned: Sequence[Planned]) -> tuple[Sequence[LevelReading], float]:
    """The same numbers, and when they were asked for by time.monotonic(). A reading that took long is taken
    again."""
    for _try in range(READINGS):
        asked = time.monotonic()
        readings = job.shop.channel.read_levels([p.ref for p in planned])
        if time.monotonic() - asked <= READING_SECONDS:
            break
    return readings, asked


def _claim_what_is_as_expected(
    job: Job, planned: Sequence[Planned], readings: Sequence[LevelReading], requested_at: datetime
) -> Sequence[Call]:
    """Plan again, on the numbers just read: raise only what is as expected."""
    shown = {reading.ref: reading.quantity for reading in readings}
    with unit_of_work() as uow:
        session = uow.session
        locked = cell_store.lock(session, cell_ids=[p.cell_id for p in planned])
        at = cell_store.now(session)
        wanted = cell_store.targets(session, list(locked.values()))
        unread_by_cell = cell_store.unread_in_own_shop(session, list(locked.values()))
        go = []
        for plan in planned:
            cell = locked[plan.cell_id]
            if cell.version != plan.version:
                continue  # a reading came in between: still dirty, so claimed again
            write = plan_write(job, cell, wanted.get(cell.id), at)
            number, unread = shown.get(plan.ref), unread_by_cell.get(cell.id, 0)
            if number != cell.belief.expected or unread:
                write = _lowered(write, number, unread)
            if number != cell.belief.expected:
                if write and number is not None and _waits(cell, number, unread, at):
                    _explain(cell, number, at + cell_store.HINT_SETTLE)
                    continue  # still dirty: what is learned or read in a moment has it pushed again
                _explain(cell, write.wanted if write else number, at + cell_store.HINT_SETTLE)
            if write is not None and write.wanted != write.expected:
                go.append(write)
            else:
                cell.synced_version, cell.dirty_since = cell.wanted_version, None
        cell_store.save(session, locked.values())
        calls = commit_attempts(session, job, go, requested_at)
        uow.commit()
    return calls


def _waits(cell: Cell, number: int, unread: int, at: datetime) -> bool:
    """Whether a cell that shows another number than we believe is not lowered before the reason is known.

    Not where orders that we were told of are the reason, nor where a write may have given a sale back. A cell
    in doubt all the time waits for two seconds, any other until its reading is due.
    """
    if cell.belief.expected - number == unread:
        return False
    if not in_doubt(cell):
        return cell.check_due_at is None or at < cell.check_due_at
    return (
        number < cell.belief.expected
        and cell.dirty_since is not None
        and at < cell.dirty_since + LONGEST_IN_DOUBT
    )


def _lowered(plan: Planned | None, number: int | None, unread: int) -> Planned | None:
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
