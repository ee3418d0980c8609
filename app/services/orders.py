"""Fetch orders and apply them: those that events name, and those that changed since the last look.

Several workers may be at a connection's orders, each at those that no other is fetching. Failures are the
caller's: Transient and AuthExpired leave everything as it was.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

import redis
import structlog
from flask import current_app
from sqlalchemy import text

from app.platforms.base import OrderStamp
from app.services.announcements import wait_for_webhooks
from app.services.fair_share import FairShare
from app.services.faults import Fault
from app.services.order_effects import Scope, apply_orders, begin_fetch, keep_vanished
from app.services.poison import together_or_alone
from app.services.shops import OpenShop
from app.services.stopping import leave_if_asked
from app.services.threads import in_this_app
from app.services.uow import unit_of_work

log = structlog.get_logger()

T = TypeVar("T")

CURSOR_OVERLAP = timedelta(minutes=5)
"""How far behind its cursor a poll starts: platforms index late, and dates have one-second grain."""
QUICK_OVERLAP = timedelta(seconds=30)
"""The same for a poll just before or after a reading: webhooks and the regular polls cover the rest."""
SAME_SECOND = timedelta(seconds=3)
"""An order fetched this soon after its last change may have changed again in the same second."""
PATIENCE_SECONDS = 20.0
"""How long orders that others are fetching are waited for."""
CLAIM_SECONDS = 5
CLAIMED_PAUSE_SECONDS = 0.1
RECENT = timedelta(minutes=1)
"""Older same-second doubts were settled by the regular polls."""
POLLED_AT_ONCE = 50
"""Few, so that intake gets at the others."""
APPLIED_AT_ONCE = 10
"""Orders, until other connections' have their turn."""
_applying = FairShare(4)
"""In this process. More threads than a few apply no faster."""
FETCHES_AT_A_TIME = 4
"""Calls under way at once for one shop: one that hangs must not hold up the others."""


@dataclass(slots=True)
class Fetched:
    """What a fetch did. `failed`: ids that could not be applied, with the fault. `late`: some
    orders are still being fetched."""

    late: bool = False
    asked: set[str] = field(default_factory=set)
    """Those that this call fetched itself; others are being fetched by somebody else."""
    missing: set[str] = field(default_factory=set)
    failed: dict[str, Fault] = field(default_factory=dict)


def fetch_and_apply(
    scope: Scope, shop: OpenShop, order_ids: Sequence[str], *, patience_seconds: float | None = None
) -> Fetched:
    """Fetch the orders whole, a few calls at a time, and apply each.

    An order that cannot be applied does not keep its neighbours from it. With `patience_seconds` a call
    that hangs while others were answered is not waited for: it applies what it brings when it comes, and
    until then its orders count as not read (`not_read_since`).
    """
    result = Fetched()
    mine = _claim(scope.connection_id, order_ids)
    if not mine:
        time.sleep(CLAIMED_PAUSE_SECONDS)
        return Fetched(late=bool(order_ids))

    def act(ids: Sequence[str]) -> None:
        try:
            failed = together_or_alone(ids, lambda some: _fetch_batch(scope, shop, some, result))
            result.failed.update(failed)
        finally:
            _give_back(scope.connection_id, ids)

    pool = ThreadPoolExecutor(FETCHES_AT_A_TIME)
    calls = {
        pool.submit(in_this_app(partial(act, ids))): ids
        for ids in batches(mine, scope.capabilities.order_batch)
    }
    done, late = wait(calls, timeout=patience_seconds)
    if not done:
        done, late = wait(calls, return_when=FIRST_COMPLETED)
    pool.shutdown(wait=False, cancel_futures=True)
    _give_back(scope.connection_id, [i for call, ids in calls.items() if call.cancelled() for i in ids])
    for call in done:
        call.result()
        result.asked.update(calls[call])
    result.late = bool(late) or len(mine) < len(order_ids)
    return result


def _claim(connection_id: int, order_ids: Sequence[str]) -> list[str]:
    """Those of the orders that nobody else is fetching; all of them while Redis is away.

    Two workers may fetch the same order, as the later fetch wins: a claim only saves the call.
    """
    try:
        with _redis().pipeline(transaction=False) as pipe:
            for order_id in order_ids:
                pipe.set(_claim_key(connection_id, order_id), 1, nx=True, ex=CLAIM_SECONDS)
            got = pipe.execute()
    except redis.RedisError as err:
        log.warning("orders_not_claimed", error=type(err).__name__)
        return list(order_ids)
    return [order_id for order_id, mine in zip(order_ids, got, strict=True) if mine]


def _give_back(connection_id: int, order_ids: Sequence[str]) -> None:
    if order_ids:
        try:
            _redis().delete(*(_claim_key(connection_id, order_id) for order_id in order_ids))
        except redis.RedisError as err:  # they run out
            log.warning("claims_kept", error=type(err).__name__)


def _claim_key(connection_id: int, order_id: str) -> str:
    return f"syncflow:fetching:{connection_id}:{order_id}"


def _redis() -> redis.Redis:
    client: redis.Redis = current_app.extensions["redis"]
    return client


def _fetch_batch(scope: Scope, shop: OpenShop, ids: Sequence[str], result: Fetched) -> None:
    fetch = begin_fetch()
    batch = shop.channel.fetch_orders(ids)
    for some in batches(batch.orders, APPLIED_AT_ONCE):
        with _applying.place(scope.connection_id):
            failed = apply_orders(scope, some, fetch)
        result.failed.update(failed)
    if batch.missing:
        keep_vanished(scope, batch.missing)
        result.missing.update(batch.missing)


def not_read_since(scope: Scope, told: Mapping[str, datetime]) -> list[str]:
    """Of the orders we were told of at these times, those that no fetch requested later has read."""
    if not told:
        return []
    with unit_of_work() as uow:
        rows = uow.session.execute(
            _NOT_READ_SINCE,
            {
                "connection_id": scope.connection_id,
                "ids": list(told),
                "dates": list(told.values()),
            },
        )
        return [row.external_id for row in rows]


def poll(scope: Scope, shop: OpenShop, *, thorough: bool = True) -> int | None:
    """Fetch the orders that changed since the cursor and that we do not have in that state.

    `thorough`: with the whole overlap, and also those that may have changed once more in the second of
    the change that we have.

    The cursor is the platform's clock: the highest `updated_at` seen. It advances only after all of
    them were applied, but for those whose webhook waits as a dead letter to be replayed: one of them must not
    make each poll longer than the last. Each poll starts an overlap before it. Returns how many were fetched;
    None if others were fetching some of them for too long, which leaves the cursor where it is.
    """
    with unit_of_work() as uow:
        cursor = uow.session.execute(_CURSOR, {"id": scope.connection_id}).scalar_one()
    newest: datetime = cursor
    overlap = CURSOR_OVERLAP if thorough else QUICK_OVERLAP
    fetched, complete = 0, True
    for page in shop.channel.changed_orders(cursor - overlap):
        newest = max([newest, *(stamp.updated_at for stamp in page)])
        asked: set[str] = set()
        give_up = time.monotonic() + PATIENCE_SECONDS
        while due := [i for i in _not_had(scope, page, thorough) if i not in asked]:
            leave_if_asked()
            wait_for_webhooks(scope, page)
            result = fetch_and_apply(scope, shop, due[:POLLED_AT_ONCE])
            asked |= result.asked
            complete &= result.failed.keys() <= _on_record(scope, result.failed)
            if result.asked:
                give_up = time.monotonic() + PATIENCE_SECONDS
            elif time.monotonic() > give_up:
                return None
        fetched += len(asked)
    with unit_of_work() as uow:
        params = {"id": scope.connection_id, "cursor": newest if complete else cursor}
        uow.session.execute(_ADVANCE, params)
        uow.commit()
    if fetched:
        log.info("orders_polled", connection_id=scope.connection_id, fetched=fetched)
    return fetched


def fetch_missed(
    scope: Scope, shop: OpenShop, since: datetime, *, until: datetime
) -> tuple[int, Sequence[str], Mapping[str, Fault]]:
    """Fetch the orders that changed between these moments and that we do not have in that state. Returns how
    many there are, those that we did not have, and of these those that failed."""
    looked_at = 0
    missed: list[str] = []
    failed: dict[str, Fault] = {}
    for page in shop.channel.changed_orders(since):
        settled = [stamp for stamp in page if stamp.updated_at <= until]
        looked_at += len(settled)
        due = _not_had(scope, settled, same_second=False)
        missed += due
        for ids in batches(due, POLLED_AT_ONCE):
            leave_if_asked()
            failed |= fetch_and_apply(scope, shop, ids).failed
    return looked_at, missed, failed


def _on_record(scope: Scope, order_ids: Collection[str]) -> set[str]:
    """Those of the orders whose replay will fetch them whole."""
    if not order_ids:
        return set()
    with unit_of_work() as uow:
        params = {"connection_id": scope.connection_id, "ids": list(order_ids)}
        return set(uow.session.execute(_ON_RECORD, params).scalars())


def fetch_doubtful(scope: Scope, shop: OpenShop, cell_ids: Sequence[int]) -> bool:
    """Fetch once more the recent orders on these cells that may have changed again in the second of the
    change that we have: their dates do not tell. A cancellation in the second of its order looks like
    a number that rose by itself. False if others were fetching some of them for too long.
    """
    with unit_of_work() as uow:
        rows = uow.session.execute(
            _DOUBTFUL,
            {
                "connection_id": scope.connection_id,
                "cells": list(cell_ids),
                "same_second": SAME_SECOND,
                "recent": RECENT,
            },
        )
        ids = [row.external_id for row in rows]
    give_up = time.monotonic() + PATIENCE_SECONDS
    while ids:
        if time.monotonic() > give_up:
            return False
        asked = fetch_and_apply(scope, shop, ids[:POLLED_AT_ONCE]).asked
        ids = [i for i in ids if i not in asked]
    return True


def batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _not_had(scope: Scope, stamps: Sequence[OrderStamp], same_second: bool) -> list[str]:
    with unit_of_work() as uow:
        rows = uow.session.execute(
            _NOT_HAD,
            {
                "connection_id": scope.connection_id,
                "ids": [s.external_id for s in stamps],
                "dates": [s.updated_at for s in stamps],
                "same_second": SAME_SECOND if same_second else timedelta(0),
            },
        )
        return list(rows.scalars())


_CURSOR = text("SELECT coalesce(orders_cursor, created_at) FROM connections WHERE id = :id")
_ADVANCE = text(
    """
    UPDATE connections SET orders_cursor = greatest(orders_cursor, :cursor), orders_polled_at = now()
    WHERE id = :id
    """
)
_ON_RECORD = text(
    """
    SELECT order_external_id FROM inbound_events
    WHERE connection_id = :connection_id AND order_external_id = ANY(CAST(:ids AS text[]))
        AND state = 'dead'
    """
)
_NOT_READ_SINCE = text(
    """
    SELECT t.external_id
    FROM unnest(CAST(:ids AS text[]), CAST(:dates AS timestamptz[])) AS t (external_id, told_at)
    LEFT JOIN orders o ON o.connection_id = :connection_id AND o.external_id = t.external_id
    WHERE o.fetched_at IS NULL OR o.fetched_at < t.told_at
    ORDER BY t.told_at
    """
)
_DOUBTFUL = text(
    """
    SELECT o.external_id FROM orders o
    WHERE o.connection_id = :connection_id AND o.external_updated_at > now() - :recent
        AND o.fetched_at < o.external_updated_at + :same_second
        AND EXISTS (
            SELECT 1 FROM order_lines l
            WHERE l.order_id = o.id AND l.applied_cell_id = ANY(CAST(:cells AS bigint[]))
        )
    ORDER BY o.external_updated_at
    """
)
_NOT_HAD = text(
    """
    SELECT s.external_id
    FROM unnest(CAST(:ids AS text[]), CAST(:dates AS timestamptz[])) AS s (external_id, updated_at)
    LEFT JOIN orders o ON o.connection_id = :connection_id AND o.external_id = s.external_id
    WHERE o.fetch_seq IS NULL OR o.fetch_seq = 0 OR o.external_updated_at < s.updated_at
        OR (o.fetched_at < s.updated_at + :same_second AND s.updated_at + :same_second < now())
    ORDER BY s.updated_at
    """
)
