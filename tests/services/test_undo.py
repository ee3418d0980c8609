"""Taking back what a shop or a count did to the stock."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from app.errors import InvalidInput, NotFound
from app.services import counts, first_sync, undo
from app.services.queries.movement_lists import MovementFilter, movements_of
from tests.services.shop import Shop
from tests.services.world import World, new_account, now


def edit(world: World, connection: int, shop: Shop, quantity: int) -> None:
    shop.edit("A", quantity)
    world.hear(connection, ["level", "A", quantity])
    world.settle()


def undo_all(world: World, connection: int) -> int:
    return undo.undo_changes_at_shop(world.account_id, connection, *last_month(), actor="user:1")


def last_month() -> tuple[datetime, datetime]:
    return now() - timedelta(days=30), now()


def test_changes_at_a_shop_are_taken_back_everywhere_and_sales_since_stay(
    world: World, connection: int, shop: Shop, other: int, other_shop: Shop
) -> None:
    edit(world, connection, shop, 4)
    other_shop.sell("1", "B", 1, at=now())
    world.hear(other, ["order", "1"])
    world.settle()
    assert undo_all(world, connection) == 1
    world.settle()
    assert (world.available("SKU"), shop.number("A"), other_shop.number("B")) == (9, 9, 9)
    assert undo_all(world, connection) == 0
    world.assert_explained()
    world.assert_quiet()
    variant = world.one("SELECT id FROM variants WHERE sku = 'SKU' AND account_id = :a", a=world.account_id)
    told = movements_of(world.account_id, variant.id, MovementFilter(), limit=10).items
    texts = [row["text"] for row in told]
    assert texts[0] == "what had been changed by -6 was taken back"


def test_only_what_was_changed_between_the_two_moments_is_taken_back(
    world: World, connection: int, shop: Shop
) -> None:
    edit(world, connection, shop, 4)
    world.age(timedelta(hours=12))
    edit(world, connection, shop, 7)
    since = now() - timedelta(hours=8)  # settling takes hours here
    assert undo.undo_changes_at_shop(world.account_id, connection, since, now(), actor="cli") == 1
    world.settle()
    assert (world.available("SKU"), shop.number("A")) == (4, 4)


def test_what_a_first_sync_took_over_from_a_shop_is_taken_back(
    world: World, connection: int, shop: Shop, other_shop: Shop
) -> None:
    other_shop.stock("B", "SKU", 3)
    second = world.connect(other_shop, syncing=False, age=False)
    first_sync.start_syncing(second, source=first_sync.Source.CHANNEL)
    world.settle()
    assert (world.available("SKU"), shop.number("A")) == (3, 3)
    assert undo.undo_changes_at_shop(world.account_id, connection, *last_month(), actor="cli") == 0
    assert undo.undo_changes_at_shop(world.account_id, second, *last_month(), actor="cli") == 1
    world.settle()
    assert (world.available("SKU"), shop.number("A"), other_shop.number("B")) == (10, 10, 10)
    assert undo.undo_changes_at_shop(world.account_id, second, *last_month(), actor="cli") == 0
    world.assert_explained()


def test_a_counts_corrections_are_taken_back(world: World, connection: int, shop: Shop) -> None:
    level = world.one(
        """
        SELECT l.variant_id, l.location_id FROM stock_levels l JOIN variants v ON v.id = l.variant_id
        WHERE v.sku = 'SKU' AND v.account_id = :a
        """,
        a=world.account_id,
    )
    count = counts.begin(world.account_id, level.location_id, actor="cli", key="1")
    counts.record(world.account_id, count, {level.variant_id: 25}, at=now(), actor="cli")
    counts.finish(world.account_id, count, actor="cli")
    world.settle()
    assert shop.number("A") == 25
    assert undo.undo_count(world.account_id, count, actor="cli") == 1
    assert undo.undo_count(world.account_id, count, actor="cli") == 0
    world.settle()
    assert (world.level("SKU"), shop.number("A")) == ((10, 0), 10)


def test_what_is_not_there_or_no_time_is_refused(world: World, connection: int) -> None:
    with pytest.raises(NotFound):
        undo.undo_changes_at_shop(new_account(), connection, now() - timedelta(days=1), now(), actor="cli")
    with pytest.raises(InvalidInput):
        undo.undo_changes_at_shop(world.account_id, connection, now(), now() - timedelta(1), actor="cli")
    with pytest.raises(NotFound):
        undo.undo_count(world.account_id, 10**9, actor="cli")
