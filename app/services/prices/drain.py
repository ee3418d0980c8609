"""Make shops show the prices that their rules say: claim what is wanted, read, compute now, write, record.

A job never carries a price. No platform has compare-and-set for prices: the same prices are read right before
they are written, so that nothing is written over that somebody typed since without his being told.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.domain.prices import Cannot, is_large
from app.platforms.base import PriceReading, PriceRef
from app.services import stopping
from app.services.cells import now
from app.services.leases import SLICE_SECONDS, Work, lease
from app.services.nudge import Drain, begin, nudge
from app.services.prices import brake
from app.services.prices.attempts import (
    READ_AT_A_TIME,
    Batch,
    Planned,
    commit_attempts,
    send,
    settle_unanswered,
)
from app.services.prices.plan import BASE_COLUMNS, Sync, Unwritable, sync_of, target_of
from app.services.prices.readings import note
from app.services.prices.told import tell
from app.services.prices.wants import CLAIMABLE, WRITABLE
from app.services.uow import unit_of_work
from app.services.work import Job, work_on


def drain(connection_id: int) -> None:
    """Write all of the connection's prices that are wanted. Safe to run at any time and twice."""
    with work_on(connection_id, states=("active",)) as job:
        if job is None:
            return
        begin(Drain.PRICES, connection_id)
        with lease(Work.PRICES, connection_id) as held:
            if held is None:
                return
            settle_unanswered(job)
            slice_ends = time.monotonic() + SLICE_SECONDS
            go_on = brake.look_ahead(connection_id)
            while go_on:
                if time.monotonic() > slice_ends or stopping.asked():
                    nudge(Drain.PRICES, connection_id)
                    return
                begin(Drain.PRICES, connection_id)
                go_on = _write_some(job)


def _write_some(job: Job) -> bool:
    """Read, plan, write and record some. True if there may be more to write at once."""
    connection_id = job.scope.connection_id
    with unit_of_work() as uow:
        rows = uow.session.execute(_CLAIM, {"connection_id": connection_id, "limit": READ_AT_A_TIME}).all()
        requested_at = now(uow.session)
    if not rows:
        return False
    refs = {row.listing_id: PriceRef(row.external_id, row.external_product_id) for row in rows}
    readings = job.shop.channel.read_prices(list(refs.values()))
    batch = _claim(job, dict(zip(refs, readings, strict=True)), requested_at)
    if batch is not None:
        send(job, batch)
    return len(rows) == READ_AT_A_TIME


def _claim(job: Job, readings: Mapping[int, PriceReading], requested_at: datetime) -> Batch | None:
    """Attempts at those of the listings whose prices are still wanted and not right; the others are done
    with. By listing id."""
    connection_id = job.scope.connection_id
    with unit_of_work() as uow:
        session = uow.session
        params = {"connection_id": connection_id, "listings": list(readings)}
        session.execute(_LOCK, params)
        shown = {r.ref.listing_id: r.price_minor for r in readings.values() if not r.gone}
        note(session, connection_id, shown, requested_at)
        sync = sync_of(session, connection_id)
        rows = session.execute(_LOAD, {**params, "requested_at": requested_at}).all()
        planned, done, to_zero = _plan(sync, rows, readings) if sync else ([], [], 0)
        held = sync is None or not brake.lets_through(
            session, sync, [p.price_id for p in planned if p.large], to_zero
        )
        batch = commit_attempts(session, job, planned) if planned and not held else None
        if not held:
            _done_with(session, done)
        tell(session, job.scope.account_id, connection_id)
        uow.commit()
    return batch


def _plan(
    sync: Sync, rows: Collection[Row[Any]], readings: Mapping[int, PriceReading]
) -> tuple[list[Planned], list[dict[str, object]], int]:
    """What to write; what is right or cannot be written, as rows of `_DONE_WITH`; and how many prices of the
    latter would be 0."""
    planned, done, to_zero = [], [], 0
    for row in rows:
        reading, target = readings[row.listing_id], target_of(row, sync.rule)
        problem: str = ""
        if reading.gone:
            problem = Unwritable.VANISHED
        elif isinstance(target, Cannot):
            problem = target
            to_zero += target is Cannot.WOULD_BE_ZERO and bool(reading.price_minor)
        elif reading.price_minor is None:
            problem = Unwritable.NOT_PRICED
        elif reading.price_minor != target:
            large = is_large(reading.price_minor, target, sync.brake_change_percent)
            planned.append(Planned(row.id, reading.ref, reading.price_minor, target, large))
            continue
        done.append({"id": row.id, "problem": problem, "kept_minor": None if problem else target})
    return planned, done, to_zero


def _done_with(session: Session, rows: Collection[Mapping[str, object]]) -> None:
    if rows:
        session.execute(_DONE_WITH, {"rows": json.dumps(list(rows))})


_CLAIM = text(
    f"""
    SELECT p.listing_id, p.external_id, p.external_product_id
    FROM (SELECT s.connection_id {WRITABLE} AND s.connection_id = :connection_id) s
    CROSS JOIN LATERAL (
        SELECT p.listing_id, l.external_id, l.external_product_id {CLAIMABLE}
        ORDER BY p.dirty_since, p.listing_id LIMIT :limit
    ) p
    """  # noqa: S608  (constants)
)
_LOCK = text(
    """
    SELECT id FROM listing_prices WHERE listing_id = ANY(CAST(:listings AS bigint[]))
    ORDER BY listing_id FOR NO KEY UPDATE
    """
)
# What was written since the reading was asked for is looked at again, with a new reading.
_LOAD = text(
    f"""
    SELECT p.id, p.listing_id, {BASE_COLUMNS}
    FROM (SELECT s.connection_id {WRITABLE} AND s.connection_id = :connection_id) s
    CROSS JOIN LATERAL (
        SELECT p.* {CLAIMABLE} AND p.listing_id = ANY(CAST(:listings AS bigint[])) AND NOT EXISTS (
            SELECT 1 FROM price_attempts t
            WHERE t.listing_price_id = p.id AND t.closed_at >= :requested_at
        )
    ) p
    JOIN listings l ON l.id = p.listing_id
    LEFT JOIN variants v ON v.id = l.variant_id
    """  # noqa: S608  (constants)
)
_DONE_WITH = text(
    """
    UPDATE listing_prices p SET problem = r.problem, kept_minor = coalesce(r.kept_minor, p.kept_minor),
        error = '', failures = 0, state = 'active', hold_until = NULL, synced_version = p.wanted_version,
        dirty_since = NULL
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (id bigint, problem text, kept_minor bigint)
    WHERE p.id = r.id
    """
)
