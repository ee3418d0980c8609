"""The nightly full compare of a shop with what we believe of it. Each check is a function with a name.

Webhooks, polls and sweeps bring everything home as it happens; this finds what all of them lost. What can be
mended by looking again is, and is written down as an item of the run (kind `check`); the rest is flagged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, text

from app.platforms.base import LevelReported
from app.services import cells as cell_store
from app.services import orders, runs
from app.services.nudge import Drain, nudge
from app.services.runs import Run
from app.services.stopping import leave_if_asked
from app.services.uow import unit_of_work
from app.services.work import Job, work_on

ORDER_DAYS = timedelta(days=3)
FRESH = timedelta(minutes=10)
"""What changed within it may still be on its way."""
CELLS_AT_ONCE = 5000
MANY_GONE, MANY_GONE_PERCENT = 20, 20
"""Of a location's numbers: more than both at once is no tidying up, but an answer with something missing."""


def check_data(connection_id: int) -> None:
    """Every check, one after the other. Safe to run at any time and twice."""
    with work_on(connection_id, states=("active", "paused")) as job:
        if job is None:
            return
        with runs.sync_run(job.scope.account_id, connection_id, "check") as run:
            for name, check in CHECKS.items():
                leave_if_asked()
                run.counts[name] = check(job, run)
        if run.changed:
            nudge(Drain.RECONCILE, connection_id)


def orders_missed(job: Job, run: Run) -> int:
    """Orders of the last days that we do not have in their newest state are fetched; how many there were."""
    now = datetime.now(UTC)
    with unit_of_work() as uow:
        params = {"id": job.scope.connection_id, "since": now - ORDER_DAYS}
        since = uow.session.execute(_SINCE, params).scalar_one()
    looked_at, missed, failed = orders.fetch_missed(job.scope, job.shop, since, until=now - FRESH)
    run.looked_at += looked_at
    for order_id in missed:
        if order_id in failed:
            run.fail(order_id, "order_missed", message=str(failed[order_id]))
        else:
            run.mend(order_id, "order_fetched")
    return len(missed)


def numbers_differing(job: Job, run: Run) -> int:
    """Numbers that differ from what we expect, or that the shop no longer lists, are read anew."""
    connection_id, found = job.scope.connection_id, 0
    with unit_of_work() as uow:
        locations = uow.session.execute(_LOCATIONS, {"id": connection_id}).scalars().all()
    for location in locations:
        listed: set[str] = set()
        for page in job.shop.channel.all_levels(location):
            leave_if_asked()
            listed |= {reading.ref.stock_id for reading in page}
            run.looked_at += len(page)
            with unit_of_work() as uow:
                reports = [LevelReported(reading.ref, reading.quantity) for reading in page]
                differing = cell_store.note_reports(uow.session, connection_id, reports)
                uow.commit()
            found, run.changed = found + differing, run.changed + differing
        found += _not_listed(connection_id, location, listed, run)
    return found


def locations_gone(job: Job, run: Run) -> int:
    """Places that the shop no longer has and that still stand for one of ours: a person has to say where
    their numbers belong."""
    with unit_of_work() as uow:
        gone = uow.session.execute(_GONE_LOCATIONS, {"id": job.scope.connection_id}).scalars().all()
    for name in gone:
        run.fail(name, "location_gone")
    return len(gone)


CHECKS: Mapping[str, Callable[[Job, Run], int]] = {
    "orders_missed": orders_missed,
    "numbers_differing": numbers_differing,
    "locations_gone": locations_gone,
}


def _not_listed(connection_id: int, location: str, listed: set[str], run: Run) -> int:
    known = 0
    gone: dict[int, str] = {}
    for cells in _tracked(connection_id, location):
        known += len(cells)
        gone |= {cell.id: cell.external_stock_id for cell in cells if cell.external_stock_id not in listed}
    many = len(gone) > MANY_GONE and len(gone) * 100 > MANY_GONE_PERCENT * known
    if gone and not many:
        with unit_of_work() as uow:
            uow.session.execute(_READ_AGAIN, {"ids": sorted(gone)})
            uow.commit()
    for stock_id in gone.values():
        if many:
            run.fail(stock_id, "many_not_listed")
        else:
            run.mend(stock_id, "number_not_listed")
    return len(gone)


def _tracked(connection_id: int, location: str) -> Iterator[Sequence[Row[Any]]]:
    """The cells of a location that are kept in step, some at a time: there may be very many."""
    after = ""
    while True:
        with unit_of_work() as uow:
            params = {"id": connection_id, "location": location, "after": after, "limit": CELLS_AT_ONCE}
            cells = uow.session.execute(_TRACKED, params).all()
        if not cells:
            return
        yield cells
        after = cells[-1].external_stock_id


_SINCE = text("SELECT greatest(created_at, :since) FROM connections WHERE id = :id")
_LOCATIONS = text(
    """
    SELECT DISTINCT external_location_id FROM connection_locations
    WHERE connection_id = :id AND location_id IS NOT NULL AND active ORDER BY external_location_id
    """
)
_GONE_LOCATIONS = text(
    """
    SELECT DISTINCT coalesce(nullif(name, ''), external_location_id) AS name FROM connection_locations
    WHERE connection_id = :id AND location_id IS NOT NULL AND NOT active ORDER BY name
    """
)
_TRACKED = text(
    """
    SELECT id, external_stock_id FROM stock_cells
    WHERE connection_id = :id AND external_location_id = :location AND state = 'active'
        AND account IS NOT NULL AND variant_id IS NOT NULL AND external_stock_id > :after
    ORDER BY external_stock_id LIMIT :limit
    """
)
_READ_AGAIN = text(
    """
    WITH those AS (
        SELECT id FROM stock_cells WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id FOR NO KEY UPDATE
    )
    UPDATE stock_cells c SET check_due_at = least(c.check_due_at, clock_timestamp())
    FROM those WHERE c.id = those.id
    """
)
