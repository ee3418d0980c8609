"""A merchant with a long past: 100,000 variants on three channels, and years of orders and movements."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask
from sqlalchemy import text

from app.services.auth import open_account
from app.services.uow import unit_of_work
from benchmarks.world import Made, make_account

PLATFORMS = ("shopify", "woocommerce", "shopify")
EMAIL, PASSWORD = "owner@bench.example", "a benchmark needs no secret"


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is. Each order has one line, and each line so many movements."""

    variants: int = 100_000
    orders: int = 1_000_000
    movements_per_order: int = 3


def make_big_account(app: Flask, size: Size) -> Made:
    """Made set-based, in minutes. EMAIL and PASSWORD sign its owner in."""
    made = make_account(app, platforms=PLATFORMS, variants=size.variants, stock=1000)
    params = {
        "a": made.account_id,
        "first": made.connection_ids[0],
        "orders": size.orders,
        "variants": size.variants,
        "each": size.movements_per_order,
    }
    with app.app_context():
        owner = open_account("bench's own", EMAIL, PASSWORD)
        with unit_of_work() as uow:
            uow.session.execute(text("SET LOCAL session_replication_role = replica"))  # no keys are checked
            for statement in (_ORDERS, _LINES, _MOVEMENTS):
                uow.session.execute(statement, params)
            uow.session.execute(_MEMBERSHIP, {"a": made.account_id, "u": owner.user_id})
            uow.commit()
            uow.session.execute(text("ANALYZE"))
            uow.commit()
    return made


_ORDERS = text(
    """
    INSERT INTO orders (account_id, connection_id, external_id, number, state, payment, currency, total_minor,
        subtotal_minor, placed_at, external_updated_at, fetched_at, fetch_seq)
    SELECT :a, :first + i % 3, 'bench-' || i, '#' || 100000 + i,
        CASE WHEN i % 20 = 0 THEN 'cancelled' WHEN i % 3 = 0 THEN 'open' ELSE 'fulfilled' END, 'paid', 'EUR',
        1000 + i % 9000, 1000 + i % 9000, at, at, at, i
    FROM generate_series(1, :orders) AS i
    CROSS JOIN LATERAL (SELECT now() - (:orders - i) * interval '2 years' / CAST(:orders AS float8) AS at) o
    """
)
_LINES = text(
    """
    INSERT INTO order_lines (account_id, order_id, external_id, listing_external_id, listing_id, sku, title,
        quantity, unit_price_minor, effect_seq, applied_committed, applied_variant_id)
    SELECT :a, o.id, '1', g.external_id, g.id, g.sku, 'bench', 1, o.total_minor, :each, 1, g.variant_id
    FROM orders o
    JOIN listings g ON g.connection_id = o.connection_id
        AND g.external_id = CAST(1 + o.fetch_seq % :variants AS text)
    WHERE o.account_id = :a
    """
)
_MOVEMENTS = text(
    """
    INSERT INTO stock_movements (account_id, level_id, variant_id, location_id, cause, source_key,
        on_hand_delta, committed_delta, on_hand_after, committed_after, occurred_at, created_at)
    SELECT :a, l.id, l.variant_id, l.location_id, CASE n WHEN 1 THEN 'order' ELSE 'fulfillment' END,
        'line:' || x.id || ':' || n, CASE n WHEN 1 THEN 0 ELSE -1 END, CASE n WHEN 1 THEN 1 ELSE 0 END,
        1000, 0,
        o.placed_at + n * interval '1 hour', o.placed_at + n * interval '1 hour'
    FROM order_lines x
    JOIN orders o ON o.id = x.order_id
    JOIN stock_levels l ON l.variant_id = x.applied_variant_id
    CROSS JOIN generate_series(1, :each) AS n
    WHERE x.account_id = :a
    """
)
_MEMBERSHIP = text("UPDATE memberships SET account_id = :a WHERE user_id = :u")
