"""Writes and readings: the interleavings on which what we believe of a shop's number goes wrong."""

from __future__ import annotations

import pytest

from app.services import connections
from tests.simulation.scenes import PROMPT, judged, nothing_looked_changed_by_hand, two_shops, until
from tests.simulation.shops import Kind
from tests.simulation.world import Network, World


def test_a_sale_while_a_write_of_its_number_is_under_way(world: World, kind: Kind) -> None:
    first, other = two_shops(world, kind)
    other.latency = world.network.delay = PROMPT
    first.faults.next_writes = ["slow"]
    other.buy({"MUG": 3})
    until(world, lambda: not first.faults.next_writes)
    first.latency = (0.5, 0.6)
    other.buy({"MUG": 2})
    judged(world)
    assert first.number("MUG") == 5


def test_a_shop_on_its_own_follows_one_change_after_another(world: World, kind: Kind) -> None:
    shop = world.connect(kind, {"MUG": 10})
    world.start()
    world.run(10)
    for units in (-1, -2):
        world.adjust("MUG", units)
        world.run(5)
    judged(world)
    assert shop.number("MUG") == 7


@pytest.mark.parametrize("fault", ["lost_request", "lost_answer"])
def test_a_write_that_nobody_answers(world: World, kind: Kind, fault: str) -> None:
    """Whether it arrived, only the shop can tell."""
    first, other = two_shops(world, kind)
    first.faults.next_writes = [fault]
    other.buy({"MUG": 3})
    until(world, lambda: not first.faults.next_writes)
    world.run(20)
    judged(world)
    nothing_looked_changed_by_hand(world)
    assert first.number("MUG") == 7


def test_a_reading_while_a_write_may_still_land(world: World) -> None:
    """The shop is paused, so nobody asks what became of the write. A reading says that nothing was written;
    yet it is, eight seconds later."""
    first, other = two_shops(world, Kind.BLIND)
    first.faults.next_writes = ["late"]
    other.buy({"MUG": 3})
    until(world, lambda: not first.faults.next_writes)
    connection = world.connection(first)
    world.call(lambda: connections.pause(world.account_id, connection, actor="cli"))
    first.tell(first, [["level", "MUG", 3]])
    world.run(20)
    assert first.number("MUG") == 7
    world.call(lambda: connections.resume(world.account_id, connection, actor="cli"))
    judged(world)
    nothing_looked_changed_by_hand(world)
    assert world.truth["MUG"] == 7


def test_a_sale_that_a_write_overwrote_and_that_is_cancelled_before_we_hear_of_it(world: World) -> None:
    """It adds up to nothing, and yet the number is too high by it."""
    first, other = two_shops(world, Kind.BLIND)
    readings, writes = len(first.readings), len(first.writes)
    other.buy({"MUG": 3})
    until(world, lambda: len(first.readings) > readings)
    world.network.lost = 1.0
    order = first.buy({"MUG": 4})
    assert order is not None
    until(world, lambda: len(first.writes) > writes and first.number("MUG") == 7)
    world.run(1)
    first.cancel_order(order.external_id)
    assert first.number("MUG") == 11
    judged(world)
    assert world.truth["MUG"] == 7


def test_a_sale_that_a_write_overwrote_and_that_cannot_be_read(world: World) -> None:
    """The shop shows what we wrote, as if nothing were sold: what we write next leaves the sale out."""
    first, other = two_shops(world, Kind.BLIND)
    readings = len(first.readings)
    other.buy({"MUG": 3})
    until(world, lambda: len(first.readings) > readings)
    first.slow_fetches = [20.0] * 9
    assert first.buy({"MUG": 4})
    until(world, lambda: first.number("MUG") == 7)
    until(world, lambda: other.number("MUG") == 3)
    other.buy({"MUG": 1})
    until(world, lambda: first.number("MUG") < 7)
    assert (first.number("MUG"), world.available("MUG")) == (2, 6)
    first.slow_fetches.clear()
    judged(world)
    assert world.truth["MUG"] == 2


def test_a_number_read_before_a_write_and_told_after_it(world: World, kind: Kind) -> None:
    first, other = two_shops(world, kind)
    first.latency = other.latency = world.network.delay = PROMPT
    readings = len(first.readings)
    first.slow_readings = [3.0]
    first.tell(first, [["level", "MUG", 3]])
    until(world, lambda: len(first.readings) > readings)
    other.buy({"MUG": 3})
    world.run(2.5)
    assert first.number("MUG") == 7
    judged(world)
    nothing_looked_changed_by_hand(world)


def test_a_rise_is_left_alone_until_it_is_booked(world: World, kind: Kind) -> None:
    first, other = two_shops(world, kind)
    first.type_number("MUG", 15)
    world.run(30)
    assert (first.number("MUG"), other.number("MUG")) == (15, 15)
    assert not first.writes
    judged(world)


def test_a_number_typed_while_nothing_is_sold_and_no_webhook_tells_of_it(world: World, kind: Kind) -> None:
    first, other = two_shops(world, kind)
    world.network.lost = 1.0
    first.type_number("MUG", 15)
    judged(world)
    assert other.number("MUG") == 15


def test_a_shop_that_sells_faster_than_we_hear_of_it(world: World) -> None:
    """Its number is never what we believe: what lowers goes as a difference."""
    first, other = two_shops(world, Kind.KEYED, units=400)
    world.network.delay = (0.6, 1.2)
    for sale in range(40):
        first.buy({"MUG": 1})
        if sale < 20:
            other.buy({"MUG": 2})
        world.run(0.25)
    assert first.number("MUG") < 340
    judged(world)


def test_a_raise_that_got_lost_and_is_too_high_by_now(world: World) -> None:
    """Its identical repeat would put on sale what is sold already."""
    first, other = two_shops(world, Kind.KEYED)
    order = other.buy({"MUG": 3})
    assert order is not None
    world.run(10)
    first.faults.next_writes = ["lost_request"]
    other.cancel_order(order.external_id)
    until(world, lambda: not first.faults.next_writes)
    landed = len(first.writes)
    assert other.buy({"MUG": 6})
    world.run(30)
    assert [write.to_quantity for call in first.writes[landed:] for write in call.writes] == [4]
    judged(world)


def test_units_that_are_taken_and_given_back_around_a_write_before_anybody_looks(world: World) -> None:
    """The write overwrites the sale and not its cancellation: two effects that add up to nothing."""
    first, other = two_shops(world, Kind.BLIND)
    world.network = Network(delay=(4, 4))
    first.latency = (0.3, 0.4)
    first.faults.next_writes = ["slow"]
    landed = len(first.writes)
    other.buy({"MUG": 2})
    until(world, lambda: not first.faults.next_writes)
    order = first.buy({"MUG": 3})
    until(world, lambda: len(first.writes) > landed)
    assert order is not None
    first.cancel_order(order.external_id)
    assert first.number("MUG") == 11
    judged(world)
    assert first.number("MUG") == 8
    nothing_looked_changed_by_hand(world)


def test_webhooks_that_come_while_redis_is_away(world: World, kind: Kind) -> None:
    """Nobody is woken by them; what is in the tables is found there."""
    first, other = two_shops(world, kind)
    world.redis_is_away = True
    first.buy({"MUG": 3})
    world.run(2)
    world.redis_is_away = False
    world.run(15)
    assert other.number("MUG") == 7
    judged(world)
