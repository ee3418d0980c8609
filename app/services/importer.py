"""Bring a shop's catalog in, begin to track its numbers, and start to sync once the merchant agrees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import text

from app.errors import Conflict
from app.platforms.base import ExternalProduct, Unsyncable
from app.platforms.errors import Permanent
from app.services import catalog
from app.services import cells as cell_store
from app.services.catalog import Place
from app.services.connections import tell_state
from app.services.faults import Fault
from app.services.leases import Lease, Work, lease
from app.services.locations import follow_mapping, mapping_of, places_of, refresh_places
from app.services.matching import link_batch
from app.services.nudge import Drain, begin, nudge
from app.services.order_effects import apply_orders, begin_fetch
from app.services.poison import together_or_alone
from app.services.prices import readings as prices_read
from app.services.prices.wants import adopt
from app.services.runs import Run, sync_run
from app.services.stopping import leave_if_asked
from app.services.tracking import take_effect, track_new
from app.services.uow import unit_of_work
from app.services.work import Job, work_on

log = structlog.get_logger()

REFRESH_AFTER = timedelta(minutes=10)
"""A known product is fetched again at most this often: shops report one with every change of stock."""
IMPORTED_BEFORE = timedelta(minutes=10)
"""How far before an import's start the first poll of orders looks."""


def run_import(connection_id: int) -> None:
    """Read the whole catalog, the levels and the open orders. Safe to repeat: nothing is booked twice.

    The connection waits for the merchant in `review` afterwards; one that was syncing goes on.
    """
    begin(Drain.IMPORT, connection_id)
    with work_on(connection_id, states=("importing", "review", "active", "paused")) as job:
        if job is None:
            return
        with lease(Work.IMPORT, connection_id) as held:
            if held is None:
                return
            trigger = "person" if job.state == "importing" else "clock"
            with sync_run(job.scope.account_id, connection_id, "import", trigger=trigger) as run:
                _import(job, held, run)


def _import(job: Job, held: Lease, run: Run) -> None:
    started = datetime.now(UTC)
    refresh_places(job)
    mapping = mapping_of(job)
    places = places_of(job)
    follow_mapping(job, held)
    _register_webhooks(job, run)
    held.carry_on()
    listings, asked_at = 0, prices_read.request_time()
    for page in job.shop.channel.catalog():
        listings += _store(job, places, page, asked_at)
        held.carry_on()
    _link_all(job)
    tracked = sum(_track_all(job, place, held) for place in places)
    orders = _take_open_orders(job, held)
    with unit_of_work() as uow:
        params = {"id": job.scope.connection_id, "cursor": started - IMPORTED_BEFORE, "mapping": mapping}
        state = uow.session.execute(_IMPORTED, params).scalar_one()
        if state != job.state:
            tell_state(uow.session, job.scope.account_id, job.scope.connection_id, state)
        uow.commit()
    nudge(Drain.INTAKE, job.scope.connection_id)
    nudge(Drain.HINTS, job.scope.connection_id)
    run.looked_at, run.changed = listings, tracked
    run.counts = {"listings": listings, "tracked": tracked, "open_orders": orders}
    log.info("imported", connection_id=job.scope.connection_id, **run.counts)


def refresh_products(job: Job, products: Mapping[str, bool]) -> dict[str, Fault]:
    """Look at products that changed: new ones at once, known ones now and then, deleted ones no more.

    `products`: external product id -> whether it was deleted. Returns those that failed, with the fault.
    """
    ids = list(products)
    with unit_of_work() as uow:
        rows = uow.session.execute(_SEEN, {"connection_id": job.scope.connection_id, "ids": ids})
        fresh = {row.external_product_id for row in rows if row.seen_at > datetime.now(UTC) - REFRESH_AFTER}
    if gone := [i for i in ids if products[i]]:
        _stop_vanished(job, gone)
    due = [i for i in ids if not products[i] and i not in fresh]
    if not due:
        return {}
    places = places_of(job)
    stored: set[str] = set()

    def store(ids: Sequence[str]) -> None:
        asked_at = prices_read.request_time()
        found = job.shop.channel.fetch_products(ids)
        _store(job, places, found, asked_at)
        stored.update(product.external_id for product in found)

    failed = together_or_alone(due, store)
    _link_all(job)
    track_new(job, stored)
    return failed


def _store(job: Job, places: Sequence[Place], products: Sequence[ExternalProduct], asked_at: datetime) -> int:
    """Products as the shop showed them when it was asked: listings, cells and prices. Returns how many
    listings."""
    with unit_of_work() as uow:
        listings = catalog.store_page(uow.session, job.scope, places, products)
        prices_read.note_products(
            uow.session, job.scope.account_id, job.scope.connection_id, products, asked_at
        )
        uow.commit()
    return listings


def ensure_webhooks(connection_id: int) -> None:
    """Repair the shop's subscriptions, which a platform deletes or disables after failures, and hear of its
    new locations, of which nothing else tells."""
    with work_on(connection_id, states=("review", "active", "paused")) as job:
        if job is None:
            return
        repaired = job.shop.channel.ensure_webhooks(job.shop.webhook_url, job.shop.webhook_secret)
        refresh_places(job)
        _webhooks_checked(job)
        if repaired:
            log.warning("webhooks_repaired", connection_id=connection_id, topics=list(repaired))


def _register_webhooks(job: Job, run: Run) -> None:
    """Before the catalog is read, so that nothing changes unheard. A shop may refuse: we poll as well."""
    try:
        job.shop.channel.ensure_webhooks(job.shop.webhook_url, job.shop.webhook_secret)
    except Permanent as err:
        run.fail("webhooks", "not_registered", message=str(err))
        log.warning("webhooks_not_registered", connection_id=job.scope.connection_id, error=err.code)
    _webhooks_checked(job)


def _webhooks_checked(job: Job) -> None:
    with unit_of_work() as uow:
        uow.session.execute(_WEBHOOKS_CHECKED, {"id": job.scope.connection_id})
        uow.commit()


def _link_all(job: Job) -> None:
    looked_at = 1
    while looked_at:
        with unit_of_work() as uow:
            looked_at = link_batch(uow.session, job.scope)
            adopt(uow, job.scope.connection_id)
            uow.commit()
        leave_if_asked()


def _track_all(job: Job, place: Place, held: Lease) -> int:
    tracked = 0
    requested_at = datetime.now(UTC)
    for page in job.shop.channel.all_levels(place.external_location_id):
        with unit_of_work() as uow:
            begun = catalog.open_baselines(
                uow.session,
                job.scope,
                page,
                requested_at=requested_at,
                syncing=job.state in ("active", "paused"),
            )
            uow.commit()
        take_effect(job, begun)
        tracked += len(begun)
        held.carry_on()
        requested_at = datetime.now(UTC)
    return tracked


def _take_open_orders(job: Job, held: Lease) -> int:
    """Orders that hold stock were placed before the baseline: what they hold is committed now."""
    taken = 0
    with lease(Work.ORDERS, job.scope.connection_id, wait_seconds=60) as orders_held:
        if orders_held is None:
            raise Conflict("Another worker is reading this shop's orders.")
        fetch = begin_fetch()
        for page in job.shop.channel.open_orders():
            apply_orders(job.scope, page, fetch)
            taken += len(page)
            held.carry_on()
            orders_held.renew()
            fetch = begin_fetch()
    return taken


def _stop_vanished(job: Job, product_ids: Sequence[str]) -> None:
    with unit_of_work() as uow:
        session = uow.session
        params = {"connection_id": job.scope.connection_id, "ids": list(product_ids)}
        gone = {row.id: row.variant_id for row in session.execute(_CELLS_OF_PRODUCTS, params)}
        locked, at = cell_store.lock_at(
            session, variant_ids={v for v in gone.values() if v is not None}, cell_ids=list(gone)
        )
        for cell in locked.values():
            if cell.id in gone:
                cell.state, cell.error, cell.check_due_at = "failed", Unsyncable.VANISHED.value, None
            else:
                cell.want(at)  # what a fall of the gone one held is free
        cell_store.save(session, locked.values())
        for connection_id in {cell.connection_id for cell in locked.values()}:
            uow.after_commit(partial(nudge, Drain.PUSH, connection_id))
        uow.commit()


# If the locations were mapped anew meanwhile the shop has to be read once more before anybody reviews it.
_IMPORTED = text(
    """
    UPDATE connections SET state = CASE WHEN state = 'importing' AND NOT EXISTS (
            SELECT 1 FROM connection_locations WHERE connection_id = :id AND id > :mapping
                AND location_id IS NOT NULL
        ) THEN 'review' ELSE state END,
        orders_cursor = coalesce(orders_cursor, :cursor)
    WHERE id = :id
    RETURNING state
    """
)
_SEEN = text(
    """
    SELECT external_product_id, max(seen_at) AS seen_at FROM listings
    WHERE connection_id = :connection_id AND external_product_id = ANY(CAST(:ids AS text[]))
    GROUP BY external_product_id
    """
)
_WEBHOOKS_CHECKED = text("UPDATE connections SET webhooks_checked_at = now() WHERE id = :id")
_CELLS_OF_PRODUCTS = text(
    """
    SELECT DISTINCT c.id, c.variant_id
    FROM stock_cells c JOIN listings l USING (connection_id, external_stock_id)
    WHERE l.connection_id = :connection_id AND (
            l.external_product_id = ANY(CAST(:ids AS text[])) OR l.external_id = ANY(CAST(:ids AS text[]))
        )
    """
)
