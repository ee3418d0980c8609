"""The regular look at a shop: its orders, then the levels in doubt between two looks at its orders.

Webhooks may all be lost: what this does alone brings everything home, only later.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Row, TextClause, text

from app.platforms.base import LevelReading, LevelReported
from app.platforms.errors import PlatformError
from app.services import cells as cell_store
from app.services import orders, readings, runs
from app.services.leases import Lease, Work, lease
from app.services.nudge import Drain, begin, nudge
from app.services.turns import POLL_IS_DUE, SWEEP_IS_DUE
from app.services.uow import unit_of_work
from app.services.work import Job, work_on

log = structlog.get_logger()

CELLS_PER_READING = 500
HINT_OVERLAP = timedelta(minutes=2)
"""How far back a poll asks for touched levels; only hints, so the clocks need not agree."""


def reconcile(connection_id: int) -> None:
    """Poll orders and touched levels if it is time, sweep all levels if it is time, read what is in
    doubt. Safe to run at any time and twice."""
    begin(Drain.RECONCILE, connection_id)
    with work_on(connection_id, states=("active", "paused")) as job:
        if job is None:
            return
        with lease(Work.RECONCILE, connection_id) as held:
            if held is None:
                return
            due = _due(job)
            if due.poll:
                _poll(job, held, due)
            if due.sweep:
                _sweep(job, held, due)
            _read_all_due(job, held)


def _due(job: Job) -> Row[Any]:
    with unit_of_work() as uow:
        return uow.session.execute(
            _DUE,
            {
                "id": job.scope.connection_id,
                "poll": job.settings.order_poll_seconds,
                "sweep": job.settings.level_sweep_seconds,
            },
        ).one()


def _poll(job: Job, held: Lease, due: Row[Any]) -> None:
    """Orders and touched levels. Written down if it found orders that nothing had told of, or failed."""
    written = partial(runs.note, job.scope.account_id, job.scope.connection_id, "orders_poll")
    try:
        found = orders.poll(job.scope, job.shop)
        for location in due.locations:
            _hint(job, held, job.shop.channel.changed_levels(location, _since(due)))
    except PlatformError as err:
        written(fault=err)
        raise
    _mark(_POLLED, job.scope.connection_id, due.now)
    if found:
        written(looked_at=found, changed=found)


def _since(due: Row[Any]) -> datetime:
    since: datetime = (due.levels_cursor or due.now) - HINT_OVERLAP
    return since


def _sweep(job: Job, held: Lease, due: Row[Any]) -> None:
    """Every level of the shop, as hints: what differs is read properly afterwards."""
    with runs.sync_run(job.scope.account_id, job.scope.connection_id, "reconcile") as run:
        counts = [_hint(job, held, job.shop.channel.all_levels(each)) for each in due.locations]
        run.looked_at = sum(levels for levels, _differing in counts)
        run.changed = sum(differing for _levels, differing in counts)
        _mark(_SWEPT, job.scope.connection_id, due.now, before=due.levels_swept_at)


def _hint(job: Job, held: Lease, pages: Iterable[Iterable[LevelReading]]) -> tuple[int, int]:
    levels = differing = 0
    for page in pages:
        held.carry_on()
        reports = [LevelReported(reading.ref, reading.quantity) for reading in page]
        levels += len(reports)
        with unit_of_work() as uow:
            differing += cell_store.note_reports(uow.session, job.scope.connection_id, reports)
            uow.commit()
    return levels, differing


def _mark(statement: TextClause, connection_id: int, at: datetime, **more: object) -> None:
    with unit_of_work() as uow:
        uow.session.execute(statement, {"id": connection_id, "at": at, **more})
        uow.commit()


def _read_all_due(job: Job, held: Lease) -> None:
    """Whatever is in doubt. Written down where the shop's numbers turned out to be changed."""
    read = decided = 0
    while (recorded := _read_due(job, held)) is not None:
        read, decided = read + recorded.accepted, decided + recorded.booked
        held.carry_on()
    if decided:
        where = job.scope.account_id, job.scope.connection_id
        runs.note(*where, "reconcile", looked_at=read, changed=decided)


def _read_due(job: Job, held: Lease) -> readings.Recorded | None:
    """Orders, levels, orders; then compare. None when no reading is due."""
    connection_id = job.scope.connection_id
    with unit_of_work() as uow:
        if cell_store.drop_explained_reports(uow.session, connection_id):
            uow.after_commit(lambda: nudge(Drain.PUSH, connection_id))
        uow.commit()
    with unit_of_work() as uow:
        if not readings.due_cells(uow.session, connection_id, limit=1).refs:
            return None
    if orders.poll(job.scope, job.shop, thorough=False) is None:
        return None
    with unit_of_work() as uow:
        cell_store.drop_explained_reports(uow.session, connection_id)
        uow.commit()
    with unit_of_work() as uow:
        ticket = readings.due_cells(uow.session, connection_id, limit=CELLS_PER_READING)
    if not ticket.refs:
        nudge(Drain.PUSH, connection_id)
        return None
    held.renew()
    started = time.monotonic()
    found = job.shop.channel.read_levels(list(ticket.refs))
    elapsed = timedelta(seconds=time.monotonic() - started)
    if orders.poll(job.scope, job.shop, thorough=False) is None:
        return None
    if not orders.fetch_doubtful(job.scope, job.shop, list(ticket.versions)):
        return None
    recorded = readings.record(
        ticket,
        found,
        elapsed=elapsed,
        compare_and_set=job.scope.capabilities.compare_and_set,
        settle=job.scope.settle,
    )
    for bumped in recorded.bumped | {connection_id}:
        nudge(Drain.PUSH, bumped)
    return recorded


_DUE = text(
    f"""
    SELECT clock_timestamp() AS now, c.levels_cursor, c.levels_swept_at,
        {POLL_IS_DUE} AS poll, {SWEEP_IS_DUE} AS sweep,
        ARRAY(
            SELECT DISTINCT l.external_location_id FROM connection_locations l
            WHERE l.connection_id = c.id AND l.location_id IS NOT NULL
            ORDER BY l.external_location_id
        ) AS locations
    FROM connections c WHERE c.id = :id
    """  # noqa: S608  (constants)
)
_POLLED = text("UPDATE connections SET levels_cursor = :at WHERE id = :id")
# Who asked for a sweep while this one was under way gets his own.
_SWEPT = text(
    """
    UPDATE connections SET levels_swept_at = :at
    WHERE id = :id AND levels_swept_at IS NOT DISTINCT FROM CAST(:before AS timestamptz)
    """
)
