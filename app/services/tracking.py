"""Begin to track cells that were linked: read their numbers, and let order lines that waited take effect."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import structlog
from sqlalchemy import Row, text

from app.platforms.base import CellRef
from app.services import catalog
from app.services import cells as cell_store
from app.services.nudge import Drain, begin, nudge
from app.services.order_effects import reapply_listings
from app.services.stopping import leave_if_asked
from app.services.uow import unit_of_work
from app.services.work import Job, work_on

log = structlog.get_logger()


def track_new(job: Job, product_ids: Collection[str]) -> None:
    """Track the linked cells of these products that are not tracked yet. Not all of the connection's: what a
    shop does not stock at one of its locations never is."""
    params = {"connection_id": job.scope.connection_id, "products": list(product_ids)}
    with unit_of_work() as uow:
        rows = uow.session.execute(_NEW_CELLS, params).all()
    refs = [CellRef(row.external_stock_id, row.external_location_id) for row in rows]
    size = job.scope.capabilities.read_batch
    for start in range(0, len(refs), size):
        take_effect(job, _read_and_track(job, refs[start : start + size]))
    if refs:
        nudge(Drain.PUSH, job.scope.connection_id)


def track_linked(connection_id: int) -> None:
    """Track what was linked by hand. Safe to run at any time and twice: what a dead worker leaves behind is
    due again in a minute, and a number that cannot be read in an hour."""
    begin(Drain.TRACK, connection_id)
    with work_on(connection_id, states=("review", "active", "paused")) as job:
        if job is None:
            return
        while due := _claim(job):
            new = [CellRef(r.external_stock_id, r.external_location_id) for r in due if r.account is None]
            if new:
                _read_and_track(job, new)
            ids = [row.id for row in due]
            take_effect(job, ids)
            with unit_of_work() as uow:
                uow.session.execute(_TRACKED, {"ids": ids, "claimed": due[0].track_due_at})
                uow.commit()
            log.info("linked_tracked", connection_id=connection_id, cells=len(ids))
            nudge(Drain.PUSH, connection_id)
            leave_if_asked()


def _claim(job: Job) -> Sequence[Row[Any]]:
    with unit_of_work() as uow:
        rows = uow.session.execute(
            _CLAIM,
            {"connection_id": job.scope.connection_id, "limit": job.scope.capabilities.read_batch},
        ).all()
        uow.commit()
    return rows


def _read_and_track(job: Job, refs: Sequence[CellRef]) -> list[int]:
    with unit_of_work() as uow:
        requested_at = cell_store.now(uow.session)
    readings = job.shop.channel.read_levels(refs)
    with unit_of_work() as uow:
        tracked = catalog.open_baselines(
            uow.session,
            job.scope,
            readings,
            requested_at=requested_at,
            syncing=job.state in ("active", "paused"),
        )
        uow.commit()
    return tracked


def take_effect(job: Job, cell_ids: Sequence[int]) -> None:
    """Let order lines that waited for these cells take effect."""
    with unit_of_work() as uow:
        listings = uow.session.execute(_LISTINGS_OF, {"cells": list(cell_ids)}).scalars().all()
    reapply_listings(job.scope, listings)


_NEW_CELLS = text(
    f"""
    SELECT DISTINCT c.external_stock_id, c.external_location_id
    FROM listings l JOIN stock_cells c USING (connection_id, external_stock_id)
    WHERE l.connection_id = :connection_id AND l.external_product_id = ANY(CAST(:products AS text[]))
        AND c.account IS NULL AND c.variant_id IS NOT NULL AND c.state = 'waiting' AND {cell_store.IS_MAPPED}
    ORDER BY 1, 2
    """  # noqa: S608  (a constant)
)
_CLAIM = text(
    """
    WITH due AS (
        SELECT id FROM stock_cells
        WHERE connection_id = :connection_id AND track_due_at <= clock_timestamp()
        ORDER BY id LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE stock_cells c SET track_due_at = now() + interval '1 minute' FROM due WHERE c.id = due.id
    RETURNING c.id, c.external_stock_id, c.external_location_id, c.account, c.track_due_at
    """
)
_LISTINGS_OF = text(
    """
    SELECT DISTINCT l.id FROM listings l JOIN stock_cells c USING (connection_id, external_stock_id)
    WHERE c.id = ANY(CAST(:cells AS bigint[])) AND l.variant_id IS NOT NULL ORDER BY l.id
    """
)
# A cell that was linked anew meanwhile is due at another time than the claim's.
_TRACKED = text(
    """
    WITH done AS (
        SELECT id FROM stock_cells
        WHERE id = ANY(CAST(:ids AS bigint[])) AND track_due_at = :claimed
        ORDER BY id FOR NO KEY UPDATE
    )
    UPDATE stock_cells c SET track_due_at = CASE WHEN c.account IS NULL THEN now() + interval '1 hour' END
    FROM done WHERE c.id = done.id
    """
)
