"""Two weeks of 100,000 movements once more with a buffer of two."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from flask import Flask
from sqlalchemy import text

from app.services.replay import Period, WhatIf, replay
from app.services.uow import unit_of_work
from benchmarks.world import make_account

VARIANTS = 10_000
MOVEMENTS = 100_000
HOT = 20_000
"""Movements of the first variant: it sells all the time."""
DAYS = 14
WHAT_IF = WhatIf(latency=timedelta(seconds=1), buffer=2)


def measure(app: Flask) -> Callable[[], dict[str, float]]:
    """Seconds, and the most that it had in memory, of all SKUs together."""
    made = make_account(app, platforms=("shopify", "woocommerce"), variants=VARIANTS, stock=1000)
    start = datetime.now(UTC) - timedelta(days=DAYS)
    with app.app_context(), unit_of_work() as uow:
        params = {"a": made.account_id, "start": start, "n": MOVEMENTS // 2, "hot": HOT // 2, "days": DAYS}
        uow.session.execute(text("SET LOCAL session_replication_role = replica"))  # no keys are checked
        for statement in (_ORDERS, _LINES, _MOVEMENTS):
            uow.session.execute(statement, params)
        uow.commit()
        uow.session.execute(text("ANALYZE orders, order_lines, stock_movements"))
        uow.commit()
    period = Period(start, datetime.now(UTC))

    def ask() -> None:
        found = sum(one.sold for one in replay(period, WHAT_IF, account_id=made.account_id))
        if found != MOVEMENTS // 2:
            raise RuntimeError(f"{found} units were sold instead of {MOVEMENTS // 2}")

    def round_() -> dict[str, float]:
        with app.app_context():
            began = time.perf_counter()
            ask()
            seconds = time.perf_counter() - began
            tracemalloc.start()
            ask()
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        return {"replay_100k_s": seconds, "replay_100k_mb": peak / 2**20}

    return round_


_ORDERS = text(
    """
    INSERT INTO orders (account_id, connection_id, external_id, placed_at)
    SELECT :a, c.id, 'bench-' || i, CAST(:start AS timestamptz)
        + i * make_interval(days => CAST(:days AS int)) / CAST(:n + 1 AS float8)
    FROM generate_series(1, :n) AS i
    JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS nth FROM connections WHERE account_id = :a) c
        ON c.nth = i % 2
    ORDER BY i
    """
)
_LINES = text(
    """
    INSERT INTO order_lines (account_id, order_id, external_id, title, quantity, unit_price_minor, effect_seq,
        applied_variant_id, applied_location_id, applied_cell_id)
    SELECT :a, o.id, '1', 'bench', 1, 100, 1, c.variant_id, c.location_id, c.id
    FROM (
        SELECT id, connection_id, CASE WHEN nth % (:n / :hot) = 0 THEN 1
            ELSE 1 + nth % (SELECT count(*) FROM variants WHERE account_id = :a) END AS place
        FROM (SELECT id, connection_id, row_number() OVER (ORDER BY id) AS nth FROM orders
            WHERE account_id = :a) numbered
    ) o
    JOIN stock_cells c ON c.connection_id = o.connection_id
        AND c.external_stock_id = CAST(o.place AS text) AND c.external_location_id = ''
    ORDER BY o.id
    """
)
_MOVEMENTS = text(
    r"""
    INSERT INTO stock_movements (account_id, level_id, variant_id, location_id, cause, source_key,
        on_hand_delta, committed_delta, on_hand_after, committed_after, occurred_at, created_at)
    SELECT :a, l.id, l.variant_id, l.location_id, m.cause, m.key || n.id || '\:1', m.came, m.sold, 1000, 1,
        o.placed_at + m.later, o.placed_at + m.later
    FROM order_lines n
    JOIN orders o ON o.id = n.order_id
    JOIN stock_levels l ON l.variant_id = n.applied_variant_id
    CROSS JOIN (VALUES
        ('order', 'line\:', 0, 1, interval '0'), ('adjustment', 'delivery\:', 1, 0, interval '1 second')
    ) AS m (cause, key, came, sold, later)
    WHERE n.account_id = :a
    ORDER BY n.id, m.later
    """
)
