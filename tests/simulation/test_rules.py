"""What a merchant decides: how much is shown where, whose number counts, and when nothing is written."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.orders import PartKind
from app.services import accounts, connections, counts, publishing, reviews, stock_changes, undo
from app.services.brakes import ALWAYS_ALLOWED
from app.services.first_sync import Source
from tests.simulation.scenes import judged, two_shops, until
from tests.simulation.shops import Kind, ModelShop
from tests.simulation.world import World

SHIPPED = PartKind.FULFILLED


def configure(world: World, shop: ModelShop, listing: str, **changes: Any) -> None:
    number = world.listing(shop, listing)
    world.call(lambda: publishing.configure_listing(world.account_id, number, changes, actor="cli"))


def shown(sku: str, *shops: ModelShop) -> list[int]:
    return [shop.number(sku) for shop in shops]


# ------------------------------------------------------------------------------------ what is shown


def test_a_share_a_buffer_a_cap_and_a_safety_stock(world: World, kind: Kind) -> None:
    first, other = two_shops(world, kind)
    rules = {"share_percent": 50, "buffer": 1, "cap": 3}
    connection = world.connection(first)
    world.call(lambda: connections.configure(world.account_id, connection, rules, actor="cli"))
    world.run(5)
    assert shown("MUG", first, other) == [3, 10]
    other.buy({"MUG": 4})
    world.run(5)
    assert shown("MUG", first, other) == [2, 6]
    world.call(lambda: accounts.configure(world.account_id, {"safety_stock": 2}, actor="cli"))
    world.run(5)
    assert shown("MUG", first, other) == [1, 4]


def test_a_listing_that_sells_packs(world: World, kind: Kind) -> None:
    first, other = two_shops(world, kind, units=14)
    configure(world, first, "MUG", factor=6)
    first.packs["MUG"] = 6
    world.run(5)
    assert shown("MUG", first, other) == [2, 14]
    order = first.buy({"MUG": 1})
    assert order is not None
    world.run(5)
    other.buy({"MUG": 3})
    world.run(5)
    assert shown("MUG", first, other) == [0, 5]
    first.cancel_order(order.external_id)
    judged(world)
    assert shown("MUG", first, other) == [1, 11]


def test_a_bundle_of_two_things_of_which_one_is_scarce(world: World, kind: Kind) -> None:
    first = world.connect(kind, {"CUP": 10, "MUG": 3, "SET": 5})
    other = world.connect(Kind.KEYED, {"CUP": 10, "MUG": 3, "SET": 5})
    world.make_bundle("SET", {"CUP": 2, "MUG": 1})
    world.start()
    world.run(20)
    assert shown("SET", first, other) == [3, 3]
    other.buy({"MUG": 1})
    world.run(5)
    assert shown("SET", first, other) == [2, 2]
    first.buy({"SET": 2})
    judged(world)
    assert (world.truth["CUP"], world.truth["MUG"]) == (6, 0)


def test_a_set_missed_in_one_shop_holds_its_components_until_somebody_decides(
    world: World, kind: Kind
) -> None:
    first = world.connect(kind, {"CUP": 8, "SET": 4})
    other = world.connect(Kind.KEYED, {"CUP": 8, "SET": 4})
    world.make_bundle("SET", {"CUP": 2})
    world.start()
    world.run(20)
    first.type_number("SET", 3)
    world.run(20)
    assert (world.available("CUP"), shown("CUP", other), shown("SET", other)) == (8, [6], [3])
    decide(world, "add")
    judged(world)


# ----------------------------------------------------------------------------------- when not to write


def test_a_paused_listing_is_not_written(world: World, kind: Kind) -> None:
    first, other = two_shops(world, kind)
    configure(world, first, "MUG", paused=True)
    other.buy({"MUG": 2})
    world.run(20)
    assert shown("MUG", first, other) == [10, 8]
    assert first.buy({"MUG": 1})
    world.run(5)
    assert shown("MUG", first, other) == [9, 7]
    configure(world, first, "MUG", paused=False)
    judged(world)


def test_nothing_is_written_while_writes_are_stopped_and_no_order_is_missed(world: World, kind: Kind) -> None:
    first, other = two_shops(world, kind)
    world.call(lambda: publishing.stop_writes(world.account_id, actor="cli"))
    other.buy({"MUG": 2})
    first.buy({"MUG": 1})
    world.run(20)
    assert world.available("MUG") == 7
    assert shown("MUG", first, other) == [9, 8]
    world.call(lambda: publishing.allow_writes(world.account_id, actor="cli"))
    judged(world)


def test_a_wiped_shop_does_not_wipe_the_other_whose_sales_go_on(world: World) -> None:
    skus = [f"S{number}" for number in range(ALWAYS_ALLOWED + 6)]
    first = world.connect(Kind.KEYED, dict.fromkeys(skus, 5))
    other = world.connect(Kind.KEYED, dict.fromkeys(skus, 5))
    world.machine.jump(2 * 3600)  # agreed to the first sync long ago
    world.start()
    world.run(10)
    for sku in skus[1:]:
        first.type_number(sku, 0)
    world.run(30)
    kept = [sku for sku in skus[1:] if other.number(sku) == 5]
    assert len(skus) - 1 - len(kept) <= ALWAYS_ALLOWED
    first.buy({skus[0]: 5})
    world.run(10)
    assert other.number(skus[0]) == 0, "a sale was held back"
    connection = world.connection(other)
    world.call(lambda: connections.release_brake(world.account_id, connection, actor="cli"))
    judged(world)


# ------------------------------------------------------------------------------------ whose number counts


def decide(world: World, choice: str) -> None:
    [asked] = world.rows("SELECT id, quantity FROM drifts WHERE state = 'review'")
    world.call(lambda: reviews.resolve(world.account_id, asked.id, choice, asked.quantity, actor="cli"))


@pytest.mark.parametrize("difference", [5, -4])
def test_a_change_that_waits_for_a_person(world: World, kind: Kind, difference: int) -> None:
    """What came is not sold, and what went is not sold either."""
    first, other = two_shops(world, kind, drift_policy="review")
    first.type_number("MUG", 10 + difference)
    world.run(60)
    assert world.available("MUG") == 10
    assert shown("MUG", first, other) == [min(10, 10 + difference)] * 2
    other.buy({"MUG": 1})
    world.run(10)
    assert shown("MUG", first, other) == [min(9, 9 + difference)] * 2 or difference < 0
    decide(world, "add")
    judged(world)
    assert world.truth["MUG"] == 9 + difference


def test_a_rise_that_waits_for_a_person_is_not_raised_on(world: World, kind: Kind) -> None:
    """What the shop shows is in doubt until he has decided."""
    first, other = two_shops(world, kind, drift_policy="review")
    first.type_number("MUG", 15)
    world.run(30)
    adjust(world, 3)
    world.run(10)
    assert shown("MUG", first, other) == [10, 13]
    decide(world, "add")
    world.truth["MUG"] = 18
    judged(world)


def test_a_change_that_a_person_takes_back(world: World, kind: Kind) -> None:
    first, other = two_shops(world, kind, drift_policy="review")
    first.type_number("MUG", 6)
    world.run(30)
    decide(world, "overwrite")
    world.truth["MUG"] = 10
    judged(world)
    assert shown("MUG", first, other) == [10, 10]


def test_a_number_that_is_only_a_share_is_never_merged(world: World, kind: Kind) -> None:
    first, other = two_shops(world, kind)
    connection = world.connection(first)
    rules = {"share_percent": 50}
    world.call(lambda: connections.configure(world.account_id, connection, rules, actor="cli"))
    world.run(10)
    first.type_number("MUG", 8)
    world.run(60)
    assert (world.available("MUG"), other.number("MUG")) == (10, 10)
    assert [row.review_reason for row in world.rows("SELECT * FROM drifts")] == ["no_identity"]


def test_our_own_number_wins_where_the_merchant_wants_it_so(world: World, kind: Kind) -> None:
    first, other = two_shops(world, kind, drift_policy="syncflow_wins")
    first.type_number("MUG", 14)
    world.truth["MUG"] = 10
    first.edits.clear()
    other.buy({"MUG": 1})
    judged(world)
    assert shown("MUG", first, other) == [9, 9]


def adjust(world: World, units: int) -> None:
    place, variant = world.place(), world.variant("MUG")
    world.call(
        lambda: stock_changes.adjust(
            world.account_id, variant, place, units, reason="correction", actor="cli", key=f"by {units}"
        )
    )


def test_of_two_changes_the_later_one_wins_whole_the_shops(world: World, kind: Kind) -> None:
    """What was changed here before, the shop had not been told of."""
    first, other = two_shops(world, kind, drift_policy="last_write_wins")
    first.faults.refused = 1.0
    adjust(world, 3)
    world.run(4)
    first.type_number("MUG", 20)
    first.faults.refused = 0.0
    other.buy({"MUG": 1})
    world.run(60)
    world.truth["MUG"] = 19
    judged(world)
    assert shown("MUG", first, other) == [19, 19]


def test_of_two_changes_the_later_one_wins_whole_ours(world: World, kind: Kind) -> None:
    first, other = two_shops(world, kind, drift_policy="last_write_wins")
    first.type_number("MUG", 20)
    until(world, lambda: bool(world.rows("SELECT 1 FROM drifts")))
    world.run(1)
    adjust(world, -2)
    world.truth["MUG"] = 8
    first.edits.clear()
    judged(world)
    assert shown("MUG", first, other) == [8, 8]


@pytest.mark.parametrize(("source", "then"), [(Source.CHANNEL, 7), (Source.HIGHEST, 10)])
def test_whose_numbers_are_right_at_a_first_sync(world: World, kind: Kind, source: Source, then: int) -> None:
    other = world.connect(Kind.KEYED, {"MUG": 10})
    world.start()
    world.run(10)
    other.buy({"MUG": 1})
    world.run(10)
    first = world.connect(kind, {"MUG": then - 3 if source is Source.HIGHEST else then}, source=source)
    world.truth["MUG"] = then if source is Source.CHANNEL else 9
    judged(world)
    assert shown("MUG", first, other) == [world.truth["MUG"]] * 2


# --------------------------------------------------------------------------------- counted, and taken back


def count(world: World, units: int, *, and_finish: float) -> None:
    """Somebody counts now, and finishes so many seconds later."""
    place, variant, at = world.place(), world.variant("MUG"), world.machine.utc
    numbers: list[int] = []

    def begin() -> None:
        numbers.append(counts.begin(world.account_id, place, actor="cli", key="1"))
        counts.record(world.account_id, numbers[0], {variant: units}, at=at, actor="cli")

    world.call(begin)
    world.run(and_finish)
    world.call(lambda: counts.finish(world.account_id, numbers[0], actor="cli"))


def test_a_parcel_that_leaves_after_its_shelf_was_counted(world: World, kind: Kind) -> None:
    first, other = two_shops(world, kind)
    order = first.buy({"MUG": 3})
    assert order is not None
    world.run(10)
    world.do_beside(lambda: (world.machine.sleep(5), first.change(order.external_id, SHIPPED)), "packs")
    count(world, 9, and_finish=20)
    world.truth["MUG"] -= 1
    judged(world)
    assert shown("MUG", first, other) == [6, 6]


def test_a_parcel_that_left_before_and_is_heard_of_after_the_count(world: World, kind: Kind) -> None:
    first, other = two_shops(world, kind)
    order = first.buy({"MUG": 3})
    assert order is not None
    world.run(10)
    world.network.lost = 1.0
    first.change(order.external_id, SHIPPED)
    world.run(3)
    count(world, 7, and_finish=60)
    judged(world)
    assert shown("MUG", first, other) == [7, 7]


def test_a_change_in_a_shop_is_taken_back_everywhere_and_once(world: World, kind: Kind) -> None:
    first, other = two_shops(world, kind)
    began = world.machine.utc
    first.type_number("MUG", 15)
    world.run(30)
    assert other.number("MUG") == 15
    other.buy({"MUG": 2})
    world.run(10)
    undone: list[int] = []
    connection = world.connection(first)

    def take_back() -> None:
        until_now = world.machine.utc
        undone.append(undo.undo_changes_at_shop(world.account_id, connection, began, until_now, actor="cli"))

    world.call(take_back)
    world.run(5)
    world.call(take_back)
    world.truth["MUG"] -= 5
    judged(world)
    assert (undone, shown("MUG", first, other)) == ([1, 0], [8, 8])
