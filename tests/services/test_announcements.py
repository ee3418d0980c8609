"""Whether a shop's webhooks tell of its orders, counted by day."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.platforms.errors import Permanent
from app.services import announcements, events, orders
from tests.services.shop import Shop
from tests.services.world import World, now

LATER = announcements.SETTLE + timedelta(minutes=1)


@pytest.fixture
def shop() -> Shop:
    shop = Shop()
    shop.stock("A", "SKU", 1000)
    return shop


@pytest.fixture
def connection(world: World, shop: Shop) -> int:
    return world.connect(shop)


def poll(world: World, connection: int) -> None:
    orders.poll(world.scope(connection), world.open_channel(connection))


def wait(world: World, by: timedelta = LATER) -> None:
    """Time passes for what was found, and for the webhooks that came so far; then it is counted."""
    world.sql("UPDATE unannounced_orders SET found_at = found_at - :by", by=by)
    world.sql("UPDATE inbound_events SET received_at = received_at - :by", by=by)
    announcements.count_missed()


def counted(world: World) -> list[tuple[int, int]]:
    """(announced, missed) of each day"""
    rows = world.rows("SELECT announced, missed FROM webhook_days ORDER BY connection_id, day")
    return [(row.announced, row.missed) for row in rows]


def open_events(world: World) -> list[int | None]:
    rows = world.rows(
        "SELECT connection_id FROM events WHERE kind = 'webhooks_missed' AND cleared_at IS NULL"
    )
    return [row.connection_id for row in rows]


def test_an_order_that_no_webhook_told_of_is_missed(world: World, connection: int, shop: Shop) -> None:
    shop.sell("1", "A", 1, at=now())
    poll(world, connection)
    announcements.count_missed()
    assert counted(world) == []
    wait(world)
    assert counted(world) == [(0, 1)]
    poll(world, connection)
    wait(world)
    assert counted(world) == [(0, 1)]


def test_a_change_that_no_webhook_told_of_is_missed_too(world: World, connection: int, shop: Shop) -> None:
    shop.sell("1", "A", 1, at=now())
    world.hear(connection, ["order", "1"])
    world.drain(connection)
    shop.cancel("1", at=now() + timedelta(seconds=5))
    poll(world, connection)
    wait(world)
    assert counted(world) == [(1, 1)]


def test_a_webhook_that_comes_after_the_poll_still_announces(
    world: World, connection: int, shop: Shop
) -> None:
    shop.sell("1", "A", 1, at=now())
    poll(world, connection)
    world.hear(connection, ["order", "1"])
    world.drain(connection)
    wait(world)
    assert counted(world) == [(1, 0)]


def test_a_webhook_that_came_and_waits_to_be_processed_still_announces(
    world: World, connection: int, shop: Shop
) -> None:
    shop.sell("1", "A", 1, at=now())
    world.hear(connection, ["order", "1"])
    poll(world, connection)
    wait(world)
    assert counted(world) == []
    world.drain(connection)
    wait(world)
    assert counted(world) == [(1, 0)]


def test_what_a_webhook_brought_home_is_announced_once(world: World, connection: int, shop: Shop) -> None:
    shop.sell("1", "A", 1, at=now())
    world.hear(connection, ["order", "1"])
    world.hear(connection, ["order", "1"])
    world.drain(connection)
    poll(world, connection)
    wait(world)
    assert counted(world) == [(1, 0)]


def test_an_event_that_is_tried_again_is_counted_once(world: World, connection: int, shop: Shop) -> None:
    shop.sell("1", "A", 1, at=now())
    shop.poisonous_orders["1"] = Permanent("cannot be read")
    event_id = world.hear(connection, ["order", "1"])
    world.drain(connection)
    shop.poisonous_orders.clear()
    events.process_one(event_id)
    assert world.event(event_id).state == "done"
    assert counted(world) == [(1, 0)]


def test_what_changed_before_the_last_import_is_nobodys_fault(
    world: World, connection: int, shop: Shop
) -> None:
    shop.sell("1", "A", 1, at=now() - timedelta(minutes=2))
    poll(world, connection)
    wait(world)
    assert world.level("SKU") == (1000, 1)
    assert counted(world) == []


def test_a_day_that_misses_many_is_told_until_a_day_does_not(
    world: World, connection: int, shop: Shop
) -> None:
    for number in range(announcements.FEWEST - 1):
        shop.sell(f"m{number}", "A", 1, at=now())
    poll(world, connection)
    wait(world)
    assert open_events(world) == []
    shop.sell("one more", "A", 1, at=now())
    poll(world, connection)
    wait(world)
    assert open_events(world) == [connection]
    wait(world)
    assert open_events(world) == [connection]

    world.sql("UPDATE webhook_days SET day = day - 1")
    for number in range(announcements.FEWEST):
        shop.sell(f"a{number}", "A", 1, at=now())
        world.hear(connection, ["order", f"a{number}"])
    world.drain(connection)
    wait(world)
    assert counted(world) == [(0, announcements.FEWEST), (announcements.FEWEST, 0)]
    assert open_events(world) == []


def test_a_few_missed_among_many_are_not_worth_telling(world: World, connection: int, shop: Shop) -> None:
    for number in range(20):
        shop.sell(f"a{number}", "A", 1, at=now())
        world.hear(connection, ["order", f"a{number}"])
    world.drain(connection)
    for number in range(announcements.FEWEST):
        shop.sell(f"m{number}", "A", 1, at=now())
    poll(world, connection)
    wait(world)
    assert counted(world) == [(20, 5)]
    assert open_events(world) == []


def test_shops_are_counted_each_by_itself(world: World, connection: int, shop: Shop) -> None:
    second_shop = Shop()
    second_shop.stock("A", "SKU", 1000)
    second = world.connect(second_shop)
    for number in range(announcements.FEWEST):
        shop.sell(str(number), "A", 1, at=now())
        second_shop.sell(str(number), "A", 1, at=now())
        world.hear(second, ["order", str(number)])
    poll(world, connection)
    poll(world, second)
    world.drain(second)
    wait(world)
    assert counted(world) == [(0, 5), (5, 0)]
    assert open_events(world) == [connection]
