"""Orders are state: the interleavings on which an engine fails that takes them for events."""

from __future__ import annotations

from app.domain.orders import PartKind
from app.services import linking
from tests.simulation.scenes import (
    PROMPT,
    at_a_full_second,
    judged,
    nothing_looked_changed_by_hand,
    two_shops,
    until,
)
from tests.simulation.shops import Kind, ModelShop
from tests.simulation.world import World


def test_an_answer_that_an_order_has_outrun_within_its_second(world: World, kind: Kind) -> None:
    """Its date is the same, and the fetch that was asked for later has been applied long since."""
    first, other = two_shops(world, kind)
    first.latency = world.network.delay = PROMPT
    at_a_full_second(world)
    fetches = len(first.fetches)
    first.slow_fetches = [7.0]
    order = first.buy({"MUG": 3})
    assert order is not None
    until(world, lambda: len(first.fetches) > fetches)
    world.network.lost = 1.0
    first.change(order.external_id, PartKind.REMOVED_RESTOCKED, {"MUG": 2})
    assert first.orders[order.external_id].updated_at == order.updated_at
    until(world, lambda: world.available("MUG") == 9, seconds=6.5)
    world.run(4)
    assert (world.available("MUG"), other.number("MUG")) == (9, 9)
    judged(world)


def changed_unheard_within_its_second(world: World, first: ModelShop) -> None:
    """An order of three of which two are put back; we have read it in between."""
    first.latency = world.network.delay = PROMPT
    at_a_full_second(world)
    order = first.buy({"MUG": 3})
    assert order is not None
    until(world, lambda: world.available("MUG") == 7)
    world.network.lost = 1.0
    first.change(order.external_id, PartKind.REMOVED_RESTOCKED, {"MUG": 2})
    assert first.orders[order.external_id].updated_at == order.updated_at


def test_an_order_that_changes_once_more_in_its_second(world: World, kind: Kind) -> None:
    """Its date does not tell a poll."""
    first, other = two_shops(world, kind)
    changed_unheard_within_its_second(world, first)
    world.run(40)
    assert (world.available("MUG"), other.number("MUG")) == (9, 9)
    judged(world)


def test_a_number_that_an_order_changed_once_more_in_its_second(world: World, kind: Kind) -> None:
    """It did not rise by itself."""
    first, other = two_shops(world, kind)
    changed_unheard_within_its_second(world, first)
    world.network.lost = 0.0
    first.tell(first, [["level", "MUG", 9]])
    world.run(10)
    nothing_looked_changed_by_hand(world)
    assert other.number("MUG") == 9
    judged(world)


def test_an_order_that_stays_unpaid(world: World, kind: Kind) -> None:
    first, other = two_shops(world, kind)
    assert first.buy({"MUG": 2}, paid=False)
    world.run(20)
    assert other.number("MUG") == (8 if first.takes_when_placed else 10)
    judged(world)


def test_an_order_that_is_thrown_away_keeps_its_sale(world: World, kind: Kind) -> None:
    first, other = two_shops(world, kind)
    order = first.buy({"MUG": 2})
    assert order is not None
    world.run(5)
    first.trash(order.external_id)
    judged(world)
    assert other.number("MUG") == 8


def test_a_line_taken_out_of_an_order(world: World, kind: Kind) -> None:
    first = world.connect(kind, {"MUG": 10, "CUP": 10})
    other = world.connect(Kind.KEYED, {"MUG": 10, "CUP": 10})
    world.start()
    world.run(10)
    order = first.buy({"MUG": 2, "CUP": 3})
    assert order is not None
    world.run(5)
    first.drop_line(order.external_id, "CUP")
    judged(world)
    assert (other.number("MUG"), other.number("CUP")) == (8, 10)


def test_an_order_cancelled_after_its_listing_was_linked_to_another_variant(world: World, kind: Kind) -> None:
    """What it took is given back where it was taken."""
    first = world.connect(kind, {"MUG": 10, "CUP": 20})
    other = world.connect(Kind.KEYED, {"MUG": 10, "CUP": 20})
    world.start()
    world.run(10)
    order = first.buy({"MUG": 2})
    assert order is not None
    world.run(20)
    mug = world.listing(first, "MUG")
    world.call(lambda: linking.link(world.account_id, mug, world.variant("CUP"), actor="cli"))
    world.run(20)
    first.cancel_order(order.external_id)
    first.skus["MUG"] = "CUP"
    judged(world)
    assert (world.truth["MUG"], world.truth["CUP"]) == (10, 20)
    assert (other.number("MUG"), other.number("CUP")) == (10, 20)


def test_a_bundle_that_is_made_of_other_things_when_its_order_is_cancelled(world: World, kind: Kind) -> None:
    first = world.connect(kind, {"CUP": 10, "SET": 5})
    other = world.connect(Kind.KEYED, {"CUP": 10, "SET": 5})
    world.make_bundle("SET", {"CUP": 2})
    world.start()
    world.run(20)
    order = first.buy({"SET": 1})
    assert order is not None
    world.run(10)
    assert world.available("CUP") == 8
    first.cancel_order(order.external_id)
    world.make_bundle("SET", {"CUP": 5})
    world.truth["CUP"] = 10
    judged(world)
    assert (other.number("CUP"), other.number("SET")) == (10, 2)


def test_an_order_from_after_a_reading_that_is_heard_of_before_it_is_compared(
    world: World, kind: Kind
) -> None:
    """The reading cannot have it, and that is no change."""
    first, other = two_shops(world, kind)
    first.latency = world.network.delay = PROMPT
    readings = len(first.readings)
    first.tell(first, [["level", "MUG", 3]])
    until(world, lambda: len(first.readings) > readings)
    first.slow_polls = [7.0]
    world.run(4)
    assert first.buy({"MUG": 2})
    world.run(20)
    nothing_looked_changed_by_hand(world)
    assert other.number("MUG") == 8
    judged(world)


def test_an_order_that_is_listed_after_a_later_one(world: World, kind: Kind) -> None:
    """A poll has seen that one's date by then."""
    first, other = two_shops(world, kind)
    world.network.lost = 1.0
    late = first.buy({"MUG": 2})
    assert late is not None
    first.gone_orders.add(late.external_id)
    world.run(2)
    assert first.buy({"MUG": 1})
    until(world, lambda: world.available("MUG") == 9)
    first.gone_orders.clear()
    judged(world)
    assert other.number("MUG") == 7


def test_an_order_that_the_shop_shows_later_than_the_number_it_lowered(world: World, kind: Kind) -> None:
    """Meanwhile the number fell by itself; then the order is the reason, and nothing fell twice."""
    first, other = two_shops(world, kind)
    world.network.lost = 1.0
    order = first.buy({"MUG": 2})
    assert order is not None
    first.gone_orders.add(order.external_id)
    world.network.lost = 0.0
    first.tell(first, [["level", "MUG", 8]])
    until(world, lambda: bool(world.rows("SELECT 1 FROM drifts WHERE state = 'pending'")))
    until(world, lambda: other.number("MUG") == 8)
    first.gone_orders.clear()
    first.tell(first, [["order", order.external_id]])
    until(world, lambda: world.available("MUG") == 8)
    world.run(2)
    assert other.number("MUG") == 8
    judged(world)


def test_an_order_that_cannot_be_read_is_not_sold_again_elsewhere(world: World, kind: Kind) -> None:
    first, other = two_shops(world, kind)
    first.slow_fetches = [20.0] * 9
    assert first.buy({"MUG": 4})
    world.run(5)
    assert (other.number("MUG"), world.available("MUG")) == (6, 10)
    other.buy({"MUG": 1})
    until(world, lambda: first.number("MUG") != 6)
    assert (first.number("MUG"), world.available("MUG")) == (5, 9)
    first.slow_fetches.clear()
    judged(world)
    assert world.truth["MUG"] == 5


def test_a_bundle_in_an_order_that_cannot_be_read_holds_what_it_is_made_of(world: World, kind: Kind) -> None:
    first = world.connect(kind, {"CUP": 10, "SET": 5})
    other = world.connect(Kind.KEYED, {"CUP": 10, "SET": 5})
    world.make_bundle("SET", {"CUP": 2})
    world.start()
    world.run(20)
    first.slow_fetches = [20.0] * 9
    assert first.buy({"SET": 2})
    world.run(6)
    assert [(shop.number("CUP"), shop.number("SET")) for shop in (first, other)] == [(6, 3)] * 2
    first.slow_fetches.clear()
    judged(world)
