"""Mass changes that orders do not explain stop by themselves."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from app.errors import Conflict, NotFound
from app.services import connections, push
from app.services.brakes import ALWAYS_ALLOWED
from tests.services.shop import Shop
from tests.services.world import World, new_account, now

SKUS = 60
MANY = SKUS // 2


def a_shop(letter: str) -> Shop:
    shop = Shop()
    for number in range(SKUS):
        shop.stock(f"{letter}{number}", f"S{number}", 10)
    return shop


@pytest.fixture
def shop() -> Shop:
    return a_shop("A")


@pytest.fixture
def other_shop() -> Shop:
    return a_shop("B")


@pytest.fixture
def connection(world: World, shop: Shop) -> int:
    return connect(world, shop)


@pytest.fixture
def other(world: World, connection: int, other_shop: Shop) -> int:
    return connect(world, other_shop)


def connect(world: World, shop: Shop) -> int:
    """Long ago, so that the first sync's consent has run out."""
    connection = world.connect(shop)
    world.sql("UPDATE connections SET brakes_off_until = now() - interval '1 day'")
    return connection


def edit(
    world: World, connection: int, shop: Shop, letter: str, numbers: Iterable[int], quantity: int
) -> None:
    for number in numbers:
        shop.edit(f"{letter}{number}", quantity)
        world.hear(connection, ["level", f"{letter}{number}", quantity])
    world.settle()


def braked(world: World, connection: int) -> bool:
    row = world.one("SELECT braked_at FROM connections WHERE id = :c", c=connection)
    return row.braked_at is not None


def shown(shop: Shop, letter: str) -> list[int]:
    return [shop.number(f"{letter}{number}") for number in range(SKUS)]


@pytest.mark.parametrize("quantity", [0, 25])
def test_a_shop_wiped_or_raised_by_hand_wipes_or_raises_no_other(
    world: World, connection: int, shop: Shop, other: int, other_shop: Shop, quantity: int
) -> None:
    edit(world, connection, shop, "A", range(MANY), quantity)
    assert braked(world, other)
    written = sum(number == quantity for number in shown(other_shop, "B"))
    assert written <= ALWAYS_ALLOWED
    world.assert_quiet()
    connections.release_brake(world.account_id, other, actor="user:1")
    world.settle()
    assert shown(other_shop, "B") == [quantity] * MANY + [10] * (SKUS - MANY)
    assert not braked(world, other)
    world.assert_quiet()
    [told] = world.rows("SELECT * FROM events WHERE kind = 'brake'")
    assert (told.connection_id, told.detail["numbers"]) == (other, SKUS)
    assert told.cleared_at is not None


def test_while_the_brake_is_on_sales_still_lower_the_shop(
    world: World, connection: int, shop: Shop, other: int, other_shop: Shop
) -> None:
    edit(world, connection, shop, "A", range(MANY), 25)
    assert braked(world, other)
    last = f"A{SKUS - 1}"
    shop.sell("1", last, 10, at=now())
    world.hear(connection, ["order", "1"])
    world.settle()
    assert other_shop.number(f"B{SKUS - 1}") == 0
    assert braked(world, other)


def test_what_is_sold_out_or_comes_back_by_orders_is_never_held(
    world: World, connection: int, shop: Shop, other: int, other_shop: Shop
) -> None:
    for number in range(SKUS):
        shop.sell(str(number), f"A{number}", 10, at=now())
        world.hear(connection, ["order", str(number)])
    world.settle()
    assert shown(other_shop, "B") == [0] * SKUS
    for number in range(SKUS):
        shop.cancel(str(number), at=now())
        world.hear(connection, ["order", str(number)])
    world.settle()
    assert shown(other_shop, "B") == [10] * SKUS
    assert not braked(world, other)


def test_few_changes_are_no_mass_change_but_their_sum_within_an_hour_is(
    world: World, connection: int, shop: Shop, other: int, other_shop: Shop
) -> None:
    edit(world, connection, shop, "A", range(10), 0)
    edit(world, connection, shop, "A", range(10, ALWAYS_ALLOWED), 0)
    assert not braked(world, other)
    assert shown(other_shop, "B").count(0) == ALWAYS_ALLOWED
    world.sql("UPDATE push_attempts SET created_at = now() + interval '6 hours'")  # settling takes hours here
    edit(world, connection, shop, "A", [ALWAYS_ALLOWED], 0)
    assert braked(world, other)
    assert shown(other_shop, "B").count(0) == ALWAYS_ALLOWED


def test_a_first_sync_that_was_agreed_to_is_not_held(world: World, connection: int) -> None:
    second = a_shop("C")
    for number in range(SKUS):
        second.edit(f"C{number}", 0)
    third = world.connect(second)
    push.drain(third)
    assert shown(second, "C") == [10] * SKUS
    assert not braked(world, third)


def test_only_a_brake_that_is_on_can_be_released(world: World, connection: int) -> None:
    with pytest.raises(Conflict):
        connections.release_brake(world.account_id, connection, actor="user:1")
    with pytest.raises(NotFound):
        connections.release_brake(new_account(), connection, actor="user:1")
