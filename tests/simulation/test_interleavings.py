"""The interleavings on which designs like this one fail, one by one, each under several seeds."""

from __future__ import annotations

import pytest

from app.domain.orders import PartKind
from app.services import counts, linking
from tests.simulation.scenes import LEASE_SECONDS, judged, two_shops, until
from tests.simulation.shops import Kind, ModelShop
from tests.simulation.world import World


@pytest.mark.parametrize("policy", ["merge", pytest.param("syncflow_wins", marks=pytest.mark.slow)])
def test_an_erp_that_rewrites_its_own_number_for_ever(world: World, kind: Kind, policy: str) -> None:
    first = world.connect(kind, {"MUG": 10}, drift_policy=policy)
    other = world.connect(Kind.KEYED, {"MUG": 10})
    world.start()
    world.run(10)

    def erp() -> None:
        while True:
            world.machine.sleep(7)
            if first.number("MUG") != 10:
                first.type_number("MUG", 10)

    world.do_beside(erp, "ERP")
    for _sale in range(5):
        other.buy({"MUG": 1})
        world.run(25)
    world.come_to_rest()
    writes = len(first.writes)
    other.buy({"MUG": 1})
    world.come_to_rest()
    assert len(first.writes) == writes
    assert [row.review_reason for row in world.rows("SELECT * FROM drifts WHERE state = 'review'")] == [
        "reversed"
    ]


def test_the_last_cups_sold_alone_and_in_sets_on_two_channels(world: World, kind: Kind) -> None:
    first = world.connect(kind, {"CUP": 4, "SET": 9})
    other = world.connect(Kind.KEYED, {"CUP": 4, "SET": 9})
    world.make_bundle("SET", {"CUP": 2})
    world.start()
    world.run(20)
    assert (first.number("SET"), other.number("SET")) == (2, 2)
    order = first.buy({"SET": 1})
    assert order is not None
    world.run(0.2)
    other.buy({"CUP": 1})
    other.buy({"SET": 1})
    world.come_to_rest()
    world.check_sums()
    assert world.available("CUP") == -1
    assert max(shop.number(sku) for shop in (first, other) for sku in ("CUP", "SET")) <= 0
    first.cancel_order(order.external_id)
    judged(world)
    assert world.truth["CUP"] == 1
    assert [(shop.number("CUP"), max(shop.number("SET"), 0)) for shop in (first, other)] == [(1, 0), (1, 0)]


def test_a_write_that_landed_before_the_crash_and_its_record(world: World, kind: Kind) -> None:
    first, other = two_shops(world, kind)
    other.buy({"MUG": 3})
    until(world, lambda: first.number("MUG") == 7)
    for process in world.working:
        world.machine.kill(process)
    judged(world)
    assert first.number("MUG") == 7


def test_a_timed_out_write_that_lands_after_the_lease_ran_out(world: World, kind: Kind) -> None:
    first, other = two_shops(world, kind)
    first.faults.next_writes = ["late"]
    other.buy({"MUG": 3})
    until(world, lambda: not first.faults.next_writes)
    world.run(1)
    for process in world.working:
        world.machine.kill(process)
    world.run(LEASE_SECONDS)
    other.buy({"MUG": 2})
    judged(world)


def test_a_reading_that_straddles_a_push(world: World, kind: Kind) -> None:
    first, other = two_shops(world, kind)
    first.latency = (0.5, 2.0)
    first.type_number("MUG", 12)
    for _sale in range(4):
        world.run(1.5)
        other.buy({"MUG": 1})
    judged(world)


def test_an_order_placed_pending_then_read_then_paid_with_its_webhook_lost(world: World, kind: Kind) -> None:
    first, _other = two_shops(world, kind)
    order = first.buy({"MUG": 2}, paid=False)
    assert order is not None
    world.run(5)
    world.network.lost = 1.0
    first.pay(order.external_id)
    judged(world)
    assert first.number("MUG") == 8


def test_the_channels_own_restock_followed_by_the_refund(world: World, kind: Kind) -> None:
    first, _other = two_shops(world, kind)
    order = first.buy({"MUG": 3})
    assert order is not None
    world.run(3)
    first.change(order.external_id, PartKind.REMOVED_RESTOCKED, {"MUG": 2})
    world.run(0.2)
    first.change(order.external_id, PartKind.REMOVED_LOST, {"MUG": 1})
    judged(world)
    assert first.number("MUG") == 9


def test_two_orders_for_the_last_unit_on_two_channels_in_the_same_second(world: World, kind: Kind) -> None:
    first, other = two_shops(world, kind, units=1)
    assert first.buy({"MUG": 1})
    assert other.buy({"MUG": 1})
    judged(world)
    assert world.truth["MUG"] == -1
    assert first.number("MUG") <= 0
    assert other.number("MUG") <= 0


def test_processing_cancelled_processing(world: World) -> None:
    first, _other = two_shops(world, Kind.BLIND)
    order = first.buy({"MUG": 2})
    assert order is not None
    for pause in (0.1, 3.0, 0.4):
        world.run(pause)
        first.cancel_order(order.external_id)
        world.run(pause)
        first.reopen(order.external_id)
    judged(world)
    assert world.truth["MUG"] == 8


def test_an_order_placed_and_cancelled_within_one_second(world: World, kind: Kind) -> None:
    first, other = two_shops(world, kind)
    order = first.buy({"MUG": 4})
    assert order is not None
    other.buy({"MUG": 1})
    world.run(0.3)
    first.cancel_order(order.external_id)
    judged(world)
    assert world.truth["MUG"] == 9


def test_an_old_order_edited_after_the_first_sync(world: World, kind: Kind) -> None:
    """It was open when the shop was connected: its units are in the opening, and only its changes count."""
    old: list[str] = []

    def sells_before(shop: ModelShop) -> None:
        order = shop.buy({"MUG": 3})
        assert order is not None
        old.append(order.external_id)
        world.run(60)

    first = world.connect(kind, {"MUG": 10}, before=sells_before)
    world.connect(Kind.KEYED, {"MUG": 10})
    world.start()
    world.run(20)
    first.change(old[0], PartKind.FULFILLED, {"MUG": 1})
    world.run(2)
    first.change(old[0], PartKind.REMOVED_RESTOCKED, {"MUG": 1})
    judged(world)
    assert world.truth["MUG"] == 8


def test_three_variations_that_share_a_parents_stock(world: World, kind: Kind) -> None:
    first = world.connect(kind, {"MUG": 12}, shared={"MUG-RED": "MUG", "MUG-BLUE": "MUG"})
    other = world.connect(Kind.KEYED, {"MUG": 12})
    world.start()
    world.run(10)
    first.buy({"MUG-RED": 2, "MUG-BLUE": 1})
    other.buy({"MUG": 1})
    world.run(0.4)
    first.buy({"MUG": 1})
    judged(world)
    assert other.number("MUG") == 7


def test_a_merchants_plus_five_while_another_channel_sells(world: World, kind: Kind) -> None:
    first, other = two_shops(world, kind)
    other.buy({"MUG": 2})
    world.run(0.1)
    first.type_number("MUG", first.number("MUG") + 5)
    world.run(0.3)
    other.buy({"MUG": 1})
    judged(world)


@pytest.mark.parametrize("difference", [4, -3])
def test_the_same_count_typed_into_both_shops(world: World, kind: Kind, difference: int) -> None:
    first, other = two_shops(world, kind)
    first.type_number("MUG", 10 + difference)
    world.run(0.1)
    other.type_number("MUG", 10 + difference)
    world.come_to_rest()
    assert {row.on_hand for row in world.rows("SELECT on_hand FROM stock_levels")} == {10 + difference}
    assert first.number("MUG") == other.number("MUG") == 10 + difference


def test_a_number_lowered_by_hand_then_a_cancellation(world: World, kind: Kind) -> None:
    first, _other = two_shops(world, kind)
    order = first.buy({"MUG": 2})
    assert order is not None
    world.run(20)
    first.type_number("MUG", first.number("MUG") - 2)
    world.run(0.5)
    first.cancel_order(order.external_id)
    judged(world)


def test_three_days_of_outage(world: World, kind: Kind) -> None:
    """Nothing of us runs, no webhook gets through. Then the shop answers nothing for a while."""
    first, other = two_shops(world, kind, units=40)
    world.network.lost = 1.0
    first.faults.failed_reads = first.faults.refused = 1.0
    for _day in range(3):
        first.buy({"MUG": 2})
        other.buy({"MUG": 1})
        world.machine.jump(24 * 3600)
        world.run(10)
    first.type_number("MUG", first.number("MUG") + 4)
    judged(world)


@pytest.mark.slow
def test_a_cell_that_is_sold_from_every_second_is_not_starved(world: World, kind: Kind) -> None:
    first, other = two_shops(world, kind, units=400)
    for _second in range(30):
        first.buy({"MUG": 1})
        other.buy({"MUG": 1})
        world.run(1.0)
    assert first.number("MUG") < 355, "no sale of the other shop came through for long"
    judged(world)


def test_two_listings_of_one_variant_of_which_one_sells(world: World, kind: Kind) -> None:
    first = world.connect(kind, {"MUG": 10, "SECOND": 4})
    other = world.connect(Kind.KEYED, {"MUG": 10})
    world.start()
    world.run(10)
    second = world.listing(first, "SECOND")
    world.call(lambda: linking.link(world.account_id, second, world.variant("MUG"), actor="cli"))
    first.skus["SECOND"] = "MUG"
    del world.truth["SECOND"]
    first.buy({"MUG": 1})
    world.run(20)
    assert first.buy({"SECOND": 2})
    world.run(0.2)
    other.buy({"MUG": 1})
    judged(world)
    assert world.truth["MUG"] == 6
    assert first.number("SECOND") == 6


def test_a_variant_counted_then_linked_late(world: World, kind: Kind) -> None:
    """What it sold while nobody knew what it was counts, and its count is not added to its number."""
    first = world.connect(kind, {"MUG": 10, "CUP": 7})
    world.connect(Kind.KEYED, {"MUG": 10})
    world.start()
    world.run(10)
    cup, listing = world.variant("CUP"), world.listing(first, "CUP")
    world.call(lambda: linking.unlink(world.account_id, listing, actor="cli"))
    world.run(10)

    def count() -> None:
        [place] = {row.location_id for row in world.rows("SELECT location_id FROM stock_levels")}
        number = counts.begin(world.account_id, place, actor="cli", key="1")
        counts.record(world.account_id, number, {cup: 9}, at=world.machine.utc, actor="cli")
        counts.finish(world.account_id, number, actor="cli")

    world.call(count)
    world.truth["CUP"] = 9
    first.buy({"CUP": 2})
    world.run(30)
    world.call(lambda: linking.link(world.account_id, listing, cup, actor="cli"))
    world.run(0.3)
    first.buy({"CUP": 1})
    judged(world)
    assert world.truth["CUP"] == 6


@pytest.mark.slow
def test_a_token_that_runs_out_in_the_middle_of_a_batch(world: World, kind: Kind) -> None:
    skus = [f"S{number}" for number in range(8)]
    first = world.connect(kind, dict.fromkeys(skus, 10))
    other = world.connect(Kind.KEYED, dict.fromkeys(skus, 10))
    world.start()
    world.run(10)
    first.calls_left = 3
    for sku in skus:
        other.buy({sku: 2})
        first.buy({sku: 1})
    world.run(60)
    states = {row.name: row.state for row in world.rows("SELECT name, state FROM connections")}
    assert states[first.name] == "needs_auth"
    other.buy({skus[0]: 1})
    world.reconnect(first)
    judged(world)
