"""Migrations that move data, on a database that holds what only one of their sides knows."""

from __future__ import annotations

from collections.abc import Iterator

import flask_migrate
import psycopg
import pytest
from flask import Flask

from app import MIGRATIONS
from app.extensions import db

BEFORE_PLACES, BEFORE_SUMS_OF_DAYS, NEWEST = "0013", "0032", "head"
FILLED = """
    INSERT INTO accounts (id, name) VALUES (1, 'A merchant');
    INSERT INTO locations (id, account_id, name) VALUES (1, 1, 'Main'), (2, 1, 'South');
    INSERT INTO connections (id, account_id, platform, external_shop_id, name)
        VALUES (1, 1, 'shopify', 'a', 'A shop'), (2, 1, 'woocommerce', 'b', 'Another');
    INSERT INTO connection_locations (account_id, connection_id, external_location_id, location_id, priority)
        VALUES (1, 1, '72', 2, 0), (1, 1, '71', 1, 1), (1, 1, '73', NULL, 0),
            (1, 2, '', 1, 0), (1, 2, '', 2, 1);
    INSERT INTO products (id, account_id, title) VALUES (1, 1, 'A mug');
    INSERT INTO variants (id, account_id, product_id, title, currency) VALUES (1, 1, 1, 'A mug', 'EUR');
    INSERT INTO stock_cells (id, account_id, connection_id, external_stock_id, external_location_id,
            location_id, variant_id)
        VALUES (1, 1, 1, 'i', '71', 1, 1), (2, 1, 1, 'i', '72', 2, 1), (3, 1, 2, 'i', '', 1, 1);
    INSERT INTO listings (id, account_id, connection_id, external_id, external_product_id, title,
            external_stock_id, variant_id)
        VALUES (1, 1, 1, 'l', 'p', 'A mug', 'i', 1), (2, 1, 2, 'l', 'p', 'A mug', 'i', 1);
    INSERT INTO orders (id, account_id, connection_id, external_id) VALUES (1, 1, 1, 'o'), (2, 1, 2, 'o');
    INSERT INTO order_lines (id, account_id, order_id, external_id, external_location_id, title, quantity,
            unit_price_minor, applied_cell_id, applied_variant_id, applied_location_id)
        VALUES (1, 1, 1, 'n', '71', 'A mug', 2, 5, 1, 1, 1), (2, 1, 1, 'n', '72', 'A mug', 1, 5, 2, 1, 2),
            (3, 1, 1, 'm', '73', 'A mug', 1, 5, NULL, NULL, NULL), (4, 1, 2, 'n', '', 'A mug', 1, 5, 3, 1, 1);
"""


@pytest.fixture
def migrations(fresh_database_url: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    application = Flask(__name__)
    application.config["SQLALCHEMY_DATABASE_URI"] = fresh_database_url.replace(
        "postgresql://", "postgresql+psycopg://"
    )
    db.init_app(application)
    flask_migrate.Migrate(application, db, directory=str(MIGRATIONS))
    with application.app_context(), psycopg.connect(fresh_database_url, autocommit=True) as connection:
        try:
            yield connection
        finally:
            db.engine.dispose()


def test_what_several_places_hold_goes_back_and_forth(
    migrations: psycopg.Connection[tuple[object, ...]],
) -> None:
    for statement in FILLED.split(";"):
        migrations.execute(statement.encode())
    flask_migrate.downgrade(revision=BEFORE_PLACES)
    assert rows(migrations, "SELECT external_location_id, location_id FROM connection_locations") == [
        ("", 1),
        ("72", 2),
    ]
    assert rows(migrations, "SELECT id, cell_id FROM listings") == [(1, 2), (2, 3)]
    assert rows(migrations, "SELECT id, external_id FROM order_lines") == [
        (1, "n"),
        (2, "n@72"),
        (3, "m"),
        (4, "n"),
    ]
    flask_migrate.upgrade(revision=NEWEST)
    assert rows(migrations, "SELECT id, external_stock_id FROM listings") == [(1, "i"), (2, "i")]
    assert rows(migrations, "SELECT id, external_location_id FROM order_lines") == [
        (1, "71"),
        (2, "72"),
        (3, ""),
        (4, ""),
    ], "an order that is read anew finds what its lines have done"


COUNTED = """
    INSERT INTO orders (id, account_id, connection_id, external_id, placed_at, state, payment, currency,
            total_minor, refunded_minor, content_hash, counted_hash, counted_at, counted_currency,
            counted_sales, counted_total_minor, counted_refunded_minor)
        VALUES
            (11, 1, 1, '11', '2026-03-01T09:50Z', 'open', 'paid', 'EUR', 500, 20, 'a', 'a',
                '2026-03-01T09:45Z', 'EUR', 1, 500, 20),
            (12, 1, 1, '12', '2026-03-01T23:59Z', 'open', 'paid', 'EUR', 900, 0, 'new', 'a',
                '2026-03-01T23:45Z', 'EUR', 1, 100, 0),
            (13, 1, 2, '13', '2026-03-02T00:00Z', 'cancelled', 'paid', 'USD', 70, 7, 'a', 'a',
                '2026-03-02T00:00Z', 'USD', 0, 0, 0),
            (14, 1, 2, '14', '2026-03-02T00:00Z', 'open', 'paid', 'USD', 10000, 0, 'a', NULL, NULL, NULL,
                NULL, NULL, NULL)
"""


def test_orders_that_were_counted_are_in_the_sums_of_their_days(
    migrations: psycopg.Connection[tuple[object, ...]],
) -> None:
    """One that changed since, as it was counted: its fold makes the difference."""
    for statement in FILLED.split(";"):
        migrations.execute(statement.encode())
    flask_migrate.downgrade(revision=BEFORE_SUMS_OF_DAYS)
    migrations.execute(COUNTED.encode())
    flask_migrate.upgrade(revision=NEWEST)
    assert rows(
        migrations,
        """
        SELECT CAST(at AT TIME ZONE 'UTC' AS text), connection_id, currency, state, orders, total_minor,
            refunded_minor FROM order_day_sums
        """,
    ) == [
        ("2026-03-01 00:00:00", 1, "EUR", "open", 2, 600, 20),
        ("2026-03-02 00:00:00", 2, "USD", "cancelled", 1, 70, 7),
    ]
    flask_migrate.downgrade(revision=BEFORE_SUMS_OF_DAYS)
    assert rows(migrations, "SELECT id, counted_total_minor FROM orders WHERE id > 10") == [
        (11, 500),
        (12, 100),
        (13, 0),
        (14, None),
    ]


def rows(connection: psycopg.Connection[tuple[object, ...]], query: str) -> list[tuple[object, ...]]:
    return sorted(connection.execute(query.encode()).fetchall(), key=str)
