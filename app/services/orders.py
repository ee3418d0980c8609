"""Fetch orders and apply them: those that events name, and those that changed since the last look.

Orders of a connection are read by one worker at a time, many in one call. Failures are the caller's:
Transient and AuthExpired leave everything as it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

import structlog
from flask import current_app
from sqlalchemy import text

from app.platforms.base import OrderStamp
from app.services.leases import Work, lease
from app.services.order_effects import Scope, apply_orders, begin_fetch, keep_vanished
from app.services.poison import together_or_alone
from app.services.shops import OpenShop
from app.services.uow import unit_of_work

log = structlog.get_logger()

T = TypeVar("T")

CURSOR_OVERLAP = timedelta(minutes=5)
"""How far behind its cursor a poll starts: platforms index late, and dates have one-second grain."""
QUICK_OVERLAP = timedelta(seconds=30)
"""The same for a poll just before or after a reading: webhooks and the regular polls cover the rest."""
SAME_SECOND = timedelta(seconds=3)
"""An order fetched this soon after its last change may have changed again in the same second."""
LEASE_PATIENCE_SECONDS = 20.0
RECENT = timedelta(minutes=1)
"""Older same-second doubts were settled by the regular polls."""
POLLED_AT_ONCE = 50
"""Few, so that orders of webhooks get their turn between."""
FETCHES_AT_A_TIME = 4
"""Calls under way at once for one shop: one that hangs must not hold up the others."""


@dataclass(slots=True)
class Fetched:
    """What a fetch did. `failed`: ids that could not be applied, with the fault's words. `late`: some
    calls are still under way."""

    late: bool = False
    missing: set[str] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)


def fetch_and_apply(
    scope: Scope, shop: OpenShop, order_ids: Sequence[str], *, patience_seconds: float | None = None
) -> Fetched:
    """Fetch the orders whole, a few calls at a time, and apply each.

    An order that cannot be applied does not keep its neighbours from it. With `patience_seconds` a call
    that hangs while others were answered is not waited for: it applies what it brings when it comes, and
    until then its orders count as not read (`not_read_since`).
    """
    result = Fetched()
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # the proxy is of this thread only

    def act(ids: Sequence[str]) -> None:
        with app.app_context():
            failed = together_or_alone(ids, lambda some: _fetch_batch(scope, shop, some, result))
            result.failed.update(failed)

    pool = ThreadPoolExecutor(FETCHES_AT_A_TIME)
    calls = [pool.submit(act, ids) for ids in batches(order_ids, scope.capabilities.order_batch)]
    done, late = wait(calls, timeout=patience_seconds)
    if not done:
        done, late = wait(calls, return_when=FIRST_COMPLETED)
    pool.shutdown(wait=False, cancel_futures=True)
    for call in done:
        call.result()
    result.late = bool(late)
    return result


def _fetch_batch(scope: Scope, shop: OpenShop, ids: Sequence[str], result: Fetched) -> None:
    fetch = begin_fetch()
    batch = shop.channel.fetch_orders(ids)
    failed = apply_orders(scope, batch.orders, fetch_seq=fetch.seq, fetched_at=fetch.at)
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
    them were applied, and each poll starts an overlap before it. Returns how many were fetched; None if
    another worker was at the shop's orders for too long, which leaves the cursor where it is.
    """
    with unit_of_work() as uow:
        cursor = uow.session.execute(_CURSOR, {"id": scope.connection_id}).scalar_one()
    newest: datetime = cursor
    overlap = CURSOR_OVERLAP if thorough else QUICK_OVERLAP
    fetched, complete = 0, True
    for page in shop.channel.changed_orders(cursor - overlap):
        newest = max([newest, *(stamp.updated_at for stamp in page)])
        due = _not_had(scope, page, thorough)
        for stamps in batches(due, POLLED_AT_ONCE):
            # Held for a few calls only: webhooks' orders must not wait for all that a poll catches up on.
            with lease(Work.ORDERS, scope.connection_id, wait_seconds=LEASE_PATIENCE_SECONDS) as held:
                if held is None:
                    return None
                still_due = _not_had(scope, stamps, thorough)
                result = fetch_and_apply(scope, shop, [s.external_id for s in still_due])
            fetched += len(still_due)
            complete &= not result.failed
    with unit_of_work() as uow:
        params = {"id": scope.connection_id, "cursor": newest if complete else cursor}
        uow.session.execute(_ADVANCE, params)
        uow.commit()
    if fetched:
        log.info("orders_polled", connection_id=scope.connection_id, fetched=fetched)
    return fetched


def fetch_doubtful(scope: Scope, shop: OpenShop, cell_ids: Sequence[int]) -> bool:
    """Fetch once more the recent orders on these cells that may have changed again in the second of the
    change that we have: their dates do not tell. A cancellation in the second of its order looks like
    a number that rose by itself. False if another worker was at the shop's orders for too long.
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
    for batch in batches(ids, POLLED_AT_ONCE):
        with lease(Work.ORDERS, scope.connection_id, wait_seconds=LEASE_PATIENCE_SECONDS) as held:
            if held is None:
                return False
            fetch_and_apply(scope, shop, batch)
    return True


def batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _not_had(scope: Scope, stamps: Sequence[OrderStamp], same_second: bool) -> list[OrderStamp]:
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
        return [OrderStamp(row.external_id, row.updated_at) for row in rows]


_CURSOR = text("SELECT coalesce(orders_cursor, created_at) FROM connections WHERE id = :id")
_ADVANCE = text(
    """
    UPDATE connections SET orders_cursor = greatest(orders_cursor, :cursor), orders_polled_at = now()
    WHERE id = :id
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
    SELECT s.external_id, s.updated_at
    FROM unnest(CAST(:ids AS text[]), CAST(:dates AS timestamptz[])) AS s (external_id, updated_at)
    LEFT JOIN orders o ON o.connection_id = :connection_id AND o.external_id = s.external_id
    WHERE o.fetch_seq IS NULL OR o.fetch_seq = 0 OR o.external_updated_at < s.updated_at
        OR (o.fetched_at < s.updated_at + :same_second AND s.updated_at + :same_second < now())
    ORDER BY s.updated_at
    """
)
