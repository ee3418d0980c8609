"""Questions about the past, on a ledger of a million movements."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from flask import Flask
from sqlalchemy import text

from app.services.queries.why import as_of, why
from app.services.uow import unit_of_work
from benchmarks.world import make_account

VARIANTS = 100_000
MOVEMENTS = 1_000_000
HOT = 10_000
"""Movements of the first variant: it sells all the time."""
LINES = 50


def measure(app: Flask) -> Callable[[], dict[str, float]]:
    """`why` of the hottest SKU, what it was in the middle of its past, and what all of them were."""
    made = make_account(app, platforms=("shopify", "woocommerce"), variants=VARIANTS, stock=1000)
    began = datetime.now(UTC) - timedelta(days=10)
    with app.app_context(), unit_of_work() as uow:
        params = {"a": made.account_id, "began": began, "n": MOVEMENTS, "hot": HOT, "levels": VARIANTS}
        uow.session.execute(text("SET LOCAL session_replication_role = replica"))  # no keys are checked
        uow.session.execute(_MOVEMENTS, params)
        uow.session.execute(_ATTEMPTS, params)
        hottest = uow.session.execute(_HOTTEST, params).scalar_one()
        uow.commit()
        uow.session.execute(text("ANALYZE stock_movements, push_attempts"))
        uow.commit()
    middle = began + timedelta(days=5)

    def round_() -> dict[str, float]:
        with app.app_context():
            return {
                "why_ms": 1000 * _timed(lambda: why(made.account_id, hottest, limit=LINES).items, LINES),
                "as_of_ms": 1000
                * _timed(lambda: as_of(made.account_id, middle, limit=10, variant_id=hottest).items, 1),
                "as_of_100k_s": _timed(
                    lambda: as_of(made.account_id, middle, limit=VARIANTS).items, VARIANTS
                ),
            }

    return round_


def _timed(ask: Callable[[], object], expected: int) -> float:
    started = time.perf_counter()
    found = ask()
    seconds = time.perf_counter() - started
    if len(found) != expected:  # type: ignore[arg-type]
        raise RuntimeError(f"{len(found)} rows instead of {expected}")  # type: ignore[arg-type]
    return seconds


_MOVEMENTS = text(
    """
    INSERT INTO stock_movements (account_id, level_id, variant_id, location_id, cause, source_key,
        on_hand_delta, committed_delta, on_hand_after, committed_after, occurred_at, created_at)
    SELECT l.account_id, l.id, l.variant_id, l.location_id, 'order', 'bench:' || i, 0, 1, 1000, i,
        m.at, m.at
    FROM generate_series(0, :n - 1) AS i
    CROSS JOIN LATERAL (
        SELECT CAST(:began AS timestamptz) + i * interval '10 days' / CAST(:n AS float8) AS at,
            CASE WHEN i % (:n / :hot) = 0 THEN 0 ELSE (i + i / :levels) % :levels END AS place
    ) m
    JOIN stock_levels l ON l.id = m.place + (SELECT min(id) FROM stock_levels WHERE account_id = :a)
    """
)
_ATTEMPTS = text(
    """
    INSERT INTO push_attempts (account_id, connection_id, cell_id, batch_key, position, kind, from_quantity,
        to_quantity, wanted_version, outcome, started_at, deadline_at, closed_at, created_at)
    SELECT c.account_id, c.connection_id, c.id, gen_random_uuid(), 1, 'set', 1000, 1000 - n, n, 'applied',
        m.at, m.at, m.at, m.at
    FROM generate_series(1, 1) AS n
    CROSS JOIN stock_cells c
    CROSS JOIN LATERAL (SELECT CAST(:began AS timestamptz) + n * interval '3 days' AS at) m
    WHERE c.account_id = :a
    """
)
_HOTTEST = text("SELECT variant_id FROM stock_levels WHERE account_id = :a ORDER BY id LIMIT 1")
