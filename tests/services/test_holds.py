"""Orders that we were told of and cannot read: what they mention is kept back, and never booked."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.services import holds, push
from tests.services.shop import Shop, a_platform
from tests.services.world import World


@pytest.fixture
def seller(world: World) -> Shop:
    shop = Shop()
    shop.stock("A", "SKU", 10)
    world.connect(shop)
    return shop


@pytest.fixture
def other(world: World, seller: Shop) -> Shop:
    shop = Shop()
    shop.stock("B", "SKU", 10)
    world.connect(shop)
    return shop


@pytest.fixture(autouse=True)
def _platform(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holds, "platform", lambda _slug: a_platform(compare_and_set=True))


def ids(world: World) -> tuple[int, int]:
    first, second = world.shops
    return first, second


def wait_a_while(world: World) -> None:
    world.sql("UPDATE inbound_events SET received_at = received_at - interval '3 seconds'")


def test_a_sale_that_cannot_be_read_lowers_the_other_shop_and_books_nothing(
    world: World, seller: Shop, other: Shop
) -> None:
    selling, following = ids(world)
    seller.sell("1", "A", 3, at=datetime.now(UTC))
    world.hear(selling, ["order", "1", {"A": 3}])
    wait_a_while(world)
    holds.hold_unread_orders()
    push.drain(following)
    assert other.number("B") == 7
    assert world.level("SKU") == (10, 0)


def test_once_the_order_is_read_the_ledger_takes_the_holds_place(
    world: World, seller: Shop, other: Shop
) -> None:
    selling, _following = ids(world)
    seller.sell("1", "A", 3, at=datetime.now(UTC))
    world.hear(selling, ["order", "1", {"A": 3}])
    wait_a_while(world)
    holds.hold_unread_orders()
    world.drain(selling)
    assert not world.rows("SELECT id FROM order_holds")
    world.settle()
    assert (other.number("B"), seller.number("A"), world.level("SKU")) == (7, 7, (10, 3))
    world.assert_quiet()


def test_an_order_that_we_have_read_before_is_not_held(world: World, seller: Shop, other: Shop) -> None:
    selling, _ = ids(world)
    seller.sell("1", "A", 3, at=datetime.now(UTC))
    world.hear(selling, ["order", "1", {"A": 3}])
    world.drain(selling)
    world.hear(selling, ["order", "1", {"A": 3}])
    wait_a_while(world)
    holds.hold_unread_orders()
    assert not world.rows("SELECT id FROM order_holds")


def test_a_fresh_event_is_given_time_to_be_processed(world: World, seller: Shop, other: Shop) -> None:
    world.hear(ids(world)[0], ["order", "1", {"A": 3}])
    holds.hold_unread_orders()
    assert not world.rows("SELECT id FROM order_holds")


def test_a_hold_ends_with_its_event_and_the_number_comes_back(
    world: World, seller: Shop, other: Shop
) -> None:
    """The shop does not have the order after all: nothing was sold."""
    selling, following = ids(world)
    world.hear(selling, ["order", "ghost", {"A": 4}])
    wait_a_while(world)
    holds.hold_unread_orders()
    push.drain(following)
    assert other.number("B") == 6
    world.drain(selling)
    holds.hold_unread_orders()
    push.drain(following)
    assert other.number("B") == 10
    assert world.level("SKU") == (10, 0)


def test_an_event_is_looked_at_once(world: World, seller: Shop, other: Shop) -> None:
    event_id = world.hear(ids(world)[0], ["order", "1", {"A": 3, "unlisted": 1}], ["level", "A", 5])
    wait_a_while(world)
    holds.hold_unread_orders()
    holds.hold_unread_orders()
    assert world.event(event_id).held
    [hold] = world.rows("SELECT quantity FROM order_holds")
    assert hold.quantity == 3


def test_the_shop_that_sold_it_has_lowered_its_own_number_already(
    world: World, seller: Shop, other: Shop
) -> None:
    selling, _following = ids(world)
    seller.sell("1", "A", 3, at=datetime.now(UTC))
    world.hear(selling, ["order", "1", {"A": 3}])
    wait_a_while(world)
    holds.hold_unread_orders()
    push.drain(selling)
    assert seller.writes == []
    assert seller.number("A") == 7


def test_an_absolute_write_gives_nothing_back_that_its_shop_sold_unread(world: World, seller: Shop) -> None:
    """Even where the number is what we expect: two faults may have cancelled out."""
    shop = Shop(compare_and_set=False)
    shop.stock("B", "SKU", 10)
    connection = world.connect(shop)
    shop.sell("1", "B", 2, at=datetime.now(UTC))
    shop.edit("B", 10)
    world.hear(connection, ["order", "1", {"B": 2}])
    wait_a_while(world)
    holds.hold_unread_orders()
    seller.sell("9", "A", 3, at=datetime.now(UTC))
    world.take(ids(world)[0], seller.orders["9"])
    push.drain(connection)
    assert shop.number("B") == 5


@pytest.mark.parametrize("quantity", [3_000_000_000, -5, 0])
def test_a_mention_that_cannot_be_true_holds_nothing_and_harms_nobody(
    world: World, seller: Shop, other: Shop, quantity: int
) -> None:
    selling, _following = ids(world)
    world.hear(selling, ["order", "1", {"A": quantity}], ["order", "2", {"A": 2}])
    wait_a_while(world)
    holds.hold_unread_orders()
    assert [r.quantity for r in world.rows("SELECT quantity FROM order_holds")] == [2]


def test_an_event_that_cannot_be_parsed_does_not_keep_others_from_being_held(
    world: World, seller: Shop, other: Shop
) -> None:
    selling, _following = ids(world)
    world.hear(selling, ["nonsense"])
    world.hear(selling, ["order", "2", {"A": 2}])
    wait_a_while(world)
    holds.hold_unread_orders()
    assert [r.quantity for r in world.rows("SELECT quantity FROM order_holds")] == [2]
