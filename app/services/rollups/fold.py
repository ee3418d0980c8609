"""Which sums have something to fold, and folding it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import MappingProxyType

import redis
import structlog
from flask import current_app
from sqlalchemy import text

from app.services import stopping
from app.services.nudge import enqueue
from app.services.rollups.movements import fold_movements
from app.services.rollups.orders import fold_orders
from app.services.rollups.pushes import fold_pushes
from app.services.rollups.values import fold_values
from app.services.uow import unit_of_work

log = structlog.get_logger()

ORDERS, MOVEMENTS, PUSHES, VALUES = 1, 2, 3, 4
"""Ids of `rollups`."""
FOLDS: Mapping[int, Callable[[], bool]] = MappingProxyType(
    {
        ORDERS: fold_orders,
        MOVEMENTS: lambda: fold_movements(MOVEMENTS),
        PUSHES: lambda: fold_pushes(PUSHES),
        VALUES: fold_values,
    }
)
"""Each folds a slice, and tells whether there may be more at once."""
SLICE_SECONDS = 20
"""How long a job folds before it lets others have its worker; the next one goes on."""
JOB_SECONDS = 120
FLAG_SECONDS = 60
"""How long a job that was asked for is not asked for again: one that was lost delays sums by that much."""


def wake_folds() -> None:
    """Every few seconds: have each fold run that has something to do."""
    with unit_of_work() as uow:
        due = uow.session.execute(_DUE).scalars().all()
    for rollup_id in due:
        try:
            if _redis().set(_flag(rollup_id), 1, nx=True, ex=FLAG_SECONDS):
                enqueue("reports", "fold_sums", rollup_id, timeout_seconds=JOB_SECONDS)
        except redis.RedisError as err:
            log.warning("fold_not_enqueued", rollup_id=rollup_id, error=type(err).__name__)


def fold(rollup_id: int) -> None:
    """Fold what there is, for a while. Several may be at it: each takes what no other has."""
    try:
        _redis().delete(_flag(rollup_id))
    except redis.RedisError as err:
        log.warning("fold_flag_kept", rollup_id=rollup_id, error=type(err).__name__)
    give_up = time.monotonic() + SLICE_SECONDS
    while FOLDS[rollup_id]() and time.monotonic() < give_up and not stopping.asked():
        pass


def _flag(rollup_id: int) -> str:
    return f"syncflow:fold:{rollup_id}"


def _redis() -> redis.Redis:
    client: redis.Redis = current_app.extensions["redis"]
    return client


_DUE = text(
    """
    SELECT r.id FROM rollups r WHERE CASE r.name
        WHEN 'orders' THEN EXISTS (SELECT 1 FROM orders WHERE counted_hash IS DISTINCT FROM content_hash)
        WHEN 'values' THEN EXISTS (SELECT 1 FROM unvalued_variants)
        WHEN 'movements' THEN r.counted_id < coalesce(
            pg_sequence_last_value(CAST(pg_get_serial_sequence('stock_movements', 'id') AS regclass)), 0)
        WHEN 'pushes' THEN EXISTS (SELECT 1 FROM uncounted_pushes) OR r.counted_id < coalesce(
            pg_sequence_last_value(CAST(pg_get_serial_sequence('push_attempts', 'id') AS regclass)), 0)
    END
    ORDER BY r.id
    """
)
