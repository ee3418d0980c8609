"""A merchant with a long past: 100,000 variants on three channels, and years of orders and movements."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import Flask
from sqlalchemy import text
from tqdm import tqdm

from app.extensions import db
from app.services.auth import open_account
from app.services.rollups.fold import FOLDS
from app.services.rollups.horizon import IDS_AT_ONCE
from app.services.rollups.orders import ORDERS_AT_ONCE
from app.services.rollups.values import NOTES_AT_ONCE
from app.services.uow import unit_of_work
from benchmarks.world import Made, make_account

PLATFORMS = ("shopify", "woocommerce", "shopify")
EMAIL, PASSWORD = "owner@bench.example", "a benchmark needs no secret"
MADE_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is. Each order has one line, and each line so many movements."""

    variants: int = 100_000
    orders: int = 1_000_000
    movements_per_order: int = 3


def make_big_account(app: Flask, size: Size) -> Made:
    """Made set-based, folded into its sums by the product's own jobs, and vacuumed: as it is in production
    after a while. EMAIL and PASSWORD sign its owner in."""
    with progress("variants", size.variants) as bar:
        made = make_account(app, platforms=PLATFORMS, variants=size.variants, stock=1000)
        bar.update(size.variants)
    with app.app_context():
        owner = open_account("bench's own", EMAIL, PASSWORD)
        with unit_of_work() as uow:
            uow.session.execute(_MEMBERSHIP, {"a": made.account_id, "u": owner.user_id})
            uow.session.execute(_CALLS, {"a": made.account_id})
            uow.commit()
        _make_past(made, size)
        _vacuum()
        _fold(size)
        _vacuum()
    return made


def progress(name: str, total: int) -> tqdm[Any]:
    """A bar on a terminal, and in a log a line every half a minute."""
    every = 0.2 if sys.stderr.isatty() else 30
    return tqdm(total=total, desc=name, mininterval=every, maxinterval=max(every, 10))


def _make_past(made: Made, size: Size) -> None:
    params = {
        "a": made.account_id,
        "first": made.connection_ids[0],
        "orders": size.orders,
        "variants": size.variants,
        "each": size.movements_per_order,
        "now": datetime.now(UTC),
    }
    with progress("orders", size.orders) as bar, unit_of_work() as uow:
        for begin in range(0, size.orders, MADE_AT_ONCE):
            end = min(begin + MADE_AT_ONCE, size.orders)
            uow.session.execute(text("SET LOCAL session_replication_role = replica"))  # no keys are checked
            uow.session.execute(_ORDERS, {**params, "begin": begin + 1, "end": end})
            uow.commit()
            bar.update(end - begin)


def _fold(size: Size) -> None:
    """What the `reports` worker does. How often is reckoned: each slice of movements has other variants
    valued anew."""
    slices = (
        size.orders // ORDERS_AT_ONCE
        + size.orders * size.movements_per_order // IDS_AT_ONCE
        + (size.variants + size.orders) // NOTES_AT_ONCE
    )
    with progress("sums", slices) as bar:
        for fold in FOLDS.values():
            while fold():
                bar.update()


def _vacuum() -> None:
    """As the database does by itself, some time later."""
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


# Placed evenly over two years, by each shop in turn: one in 20 cancelled, a third of the others open.
_ORDERS = text(
    """
    WITH o AS (
        INSERT INTO orders (account_id, connection_id, external_id, number, state, payment, currency,
            total_minor, subtotal_minor, placed_at, external_updated_at, fetched_at, fetch_seq, content_hash)
        SELECT :a, :first + i % 3, 'bench-' || i, '#' || 100000 + i,
            CASE WHEN i % 20 = 0 THEN 'cancelled' WHEN i % 3 = 0 THEN 'open' ELSE 'fulfilled' END, 'paid',
            'EUR', 1000 + i % 9000, 1000 + i % 9000, at, at, at, i, 'bench'
        FROM generate_series(CAST(:begin AS bigint), CAST(:end AS bigint)) AS i
        CROSS JOIN LATERAL (
            SELECT CAST(:now AS timestamptz)
                - (:orders - i) * interval '2 years' / CAST(:orders AS float8) AS at
        ) AS t
        ORDER BY i
        RETURNING id, connection_id, fetch_seq, total_minor, placed_at
    ),
    x AS (
        INSERT INTO order_lines (account_id, order_id, external_id, listing_external_id, listing_id, sku,
            title, quantity, unit_price_minor, effect_seq, applied_committed, applied_variant_id)
        SELECT :a, o.id, '1', g.external_id, g.id, g.sku, 'bench', 1, o.total_minor, :each, 1, g.variant_id
        FROM o JOIN listings g ON g.connection_id = o.connection_id
            AND g.external_id = CAST(1 + o.fetch_seq % :variants AS text)
        RETURNING id, order_id, applied_variant_id
    )
    INSERT INTO stock_movements (account_id, level_id, variant_id, location_id, cause, source_key,
        on_hand_delta, committed_delta, on_hand_after, committed_after, occurred_at, created_at)
    SELECT :a, l.id, l.variant_id, l.location_id, CASE n WHEN 1 THEN 'order' ELSE 'fulfillment' END,
        'line:' || x.id || ':' || n, CASE n WHEN 1 THEN 0 ELSE -1 END, CASE n WHEN 1 THEN 1 ELSE 0 END,
        1000, 0,
        o.placed_at + n * interval '1 hour', o.placed_at + n * interval '1 hour'
    FROM x
    JOIN o ON o.id = x.order_id
    JOIN stock_levels l ON l.variant_id = x.applied_variant_id
    CROSS JOIN generate_series(1, :each) AS n
    ORDER BY x.id, n
    """
)
# Of every hour that is kept.
_CALLS = text(
    """
    INSERT INTO platform_call_hours (account_id, connection_id, starts_at, succeeded, failed, total_ms,
        slowest_ms)
    SELECT c.account_id, c.id, h.at, 900, 9, 90000, 2500
    FROM connections c
    CROSS JOIN generate_series(date_trunc('hour', now() - interval '399 days'), now(), '1 hour') AS h (at)
    WHERE c.account_id = :a
    """
)
_MEMBERSHIP = text("UPDATE memberships SET account_id = :a WHERE user_id = :u")
