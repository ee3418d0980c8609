"""The append-only ledger, and keys that stay within their tenant."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError

from app.domain.stock import Movement
from app.services import cells as cell_store
from app.services import ledger
from app.services.uow import unit_of_work
from tests.services.shop import Shop, a_line, an_order
from tests.services.threads import in_threads
from tests.services.world import World, new_account


@pytest.fixture
def connection(world: World) -> int:
    shop = Shop()
    shop.stock("A", "SKU", 10)
    shop.stock("B", "OTHER", 10)
    return world.connect(shop)


def entry(world: World, sku: str, movement: Movement, key: str) -> ledger.Entry:
    row = world.one(
        "SELECT l.* FROM stock_levels l JOIN variants v ON v.id = l.variant_id WHERE v.sku = :sku", sku=sku
    )
    return ledger.Entry(row.variant_id, row.location_id, movement, "adjustment", key, datetime.now(UTC))


def book(world: World, *entries: ledger.Entry) -> None:
    with unit_of_work() as uow:
        ledger.book(uow.session, world.account_id, entries)
        uow.commit()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE stock_movements SET on_hand_delta = 99",
        "DELETE FROM stock_movements",
        "TRUNCATE stock_movements",
    ],
)
def test_movements_can_neither_be_changed_nor_removed(world: World, connection: int, change: str) -> None:
    with pytest.raises(DBAPIError, match="append-only"):
        world.sql(change)
    assert world.movements("SKU") == [("import", 10, 0)]


def test_a_source_books_once(world: World, connection: int) -> None:
    book(world, entry(world, "SKU", Movement(on_hand=1), "count:1"))
    with pytest.raises(IntegrityError, match="source_key"):
        book(world, entry(world, "SKU", Movement(on_hand=1), "count:1"))
    assert world.level("SKU") == (11, 0)
    world.assert_explained()


def test_a_level_may_become_negative_and_still_is_the_sum_of_its_movements(
    world: World, connection: int
) -> None:
    book(
        world,
        entry(world, "SKU", Movement(on_hand=-25), "count:1"),
        entry(world, "SKU", Movement(committed=3), "count:2"),
        entry(world, "OTHER", Movement(on_hand=1), "count:3"),
    )
    assert world.level("SKU") == (-15, 3)
    world.assert_explained()


def test_two_threads_book_the_same_levels_at_once_and_nothing_is_lost(world: World, connection: int) -> None:
    """In opposite orders, so that only locking by id keeps them from a deadlock."""
    barrier = threading.Barrier(2)

    def work(name: str, skus: tuple[str, str]) -> None:
        for number in range(15):
            entries = [entry(world, sku, Movement(on_hand=1), f"{name}:{number}:{sku}") for sku in skus]
            barrier.wait(timeout=20)
            book(world, *entries)

    in_threads(lambda: work("one", ("SKU", "OTHER")), lambda: work("two", ("OTHER", "SKU")))
    assert (world.level("SKU"), world.level("OTHER")) == ((40, 0), (40, 0))
    world.assert_explained()


def test_orders_and_their_cancellations_race_over_two_shops(world: World, connection: int) -> None:
    second_shop = Shop(compare_and_set=False)
    second_shop.stock("A", "SKU", 10)
    second_shop.stock("B", "OTHER", 10)
    second = world.connect(second_shop)
    barrier = threading.Barrier(2)

    def work(connection_id: int, listings: tuple[str, str]) -> None:
        for number in range(12):
            at = datetime.now(UTC)
            order = an_order(str(number), *(a_line(listing, 1, at=at) for listing in listings), at=at)
            barrier.wait(timeout=20)
            assert world.take(connection_id, order)

    in_threads(lambda: work(connection, ("A", "B")), lambda: work(second, ("B", "A")))
    assert (world.level("SKU"), world.level("OTHER")) == ((10, 24), (10, 24))
    world.assert_explained()


def test_a_level_made_by_two_threads_at_once_is_made_once(world: World, connection: int) -> None:
    world.sql("INSERT INTO locations (account_id, name) VALUES (:a, 'New')", a=world.account_id)
    place = world.one(
        "SELECT v.id AS v, l.id AS l FROM variants v, locations l WHERE l.name = 'New' AND sku = 'SKU'"
    )
    barrier = threading.Barrier(2)

    def work(name: str) -> None:
        barrier.wait(timeout=20)
        moved = Movement(on_hand=1)
        book(world, ledger.Entry(place.v, place.l, moved, "count", name, datetime.now(UTC)))

    in_threads(lambda: work("one"), lambda: work("two"))
    assert [
        r.on_hand for r in world.rows("SELECT * FROM stock_levels WHERE location_id = :l", l=place.l)
    ] == [2]
    world.assert_explained()


def test_a_push_sees_every_movement_that_its_claimed_version_stands_for(
    world: World, connection: int
) -> None:
    """A target is computed after the cells' locks: a booking that bumped a cell cannot be missed."""
    at = datetime.now(UTC)
    world.take(connection, an_order("1", a_line("A", 4, at=at), at=at))
    with unit_of_work() as uow:
        locked = cell_store.lock(uow.session, cell_ids=[world.cell(connection, "A").id])
        assert list(cell_store.targets(uow.session, list(locked.values())).values()) == [6]


# ---------------------------------------------------------------------------------------------- tenants


POINTERS = {
    "stock_movements": "level_id",
    "stock_cells": "connection_id",
    "listings": "variant_id",
    "orders": "connection_id",
    "order_lines": "order_id",
    "connection_locations": "location_id",
    "variants": "product_id",
    "events": "variant_id",
}


@pytest.mark.parametrize("table", POINTERS)
def test_a_row_cannot_point_at_another_tenants(world: World, connection: int, table: str) -> None:
    at = datetime.now(UTC)
    world.take(connection, an_order("1", a_line("A", 1, at=at), at=at))
    stranger = new_account("A stranger")
    column = POINTERS[table]
    columns = [
        r.column_name
        for r in world.rows(
            """
            SELECT column_name FROM information_schema.columns
            WHERE table_name = :t AND column_name NOT IN ('id', 'account_id') AND is_generated = 'NEVER'
            """,
            t=table,
        )
    ]
    listed = ", ".join(columns)
    key_columns = ("source_key", "external_id", "external_stock_id", "external_location_id", "sku")
    chosen = ", ".join("'copy'" if c in key_columns else c for c in columns)
    assert column in columns
    with pytest.raises(IntegrityError, match=f"violates foreign key constraint .fk_{table}_account_id_"):
        world.sql(
            f"INSERT INTO {table} (account_id, {listed}) SELECT :stranger, {chosen} FROM {table} LIMIT 1",
            stranger=stranger,
        )


def test_a_sku_is_unique_within_its_account_and_by_case(world: World, connection: int) -> None:
    copy = """
        INSERT INTO variants (account_id, product_id, sku, title, currency)
        SELECT account_id, product_id, {}, '', 'EUR' FROM variants LIMIT 1
    """
    world.sql(copy.format("'sku'"))
    world.sql(copy.format("NULL"))
    world.sql(copy.format("NULL"))
    with pytest.raises(IntegrityError, match="uq_variants_account_sku"):
        world.sql(copy.format("'SKU'"))
