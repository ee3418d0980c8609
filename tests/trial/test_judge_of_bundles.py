"""A sold bundle is its components: every figure, shown to bite where their arithmetic is broken."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.trial.world import SHOPIFY, WOO, World

SET = {"set": {"cup": 2, "pot": 1}}
TWO_SETS = {"set": {"cup": 2, "pot": 1}, "pair": {"cup": 2}}


def test_a_flawless_history_of_bundles_and_components_has_nothing_wrong() -> None:
    world = World(TWO_SETS, cup=21, pot=9)
    world.happy_sale(SHOPIFY, "set", 1, 2)
    world.happy_sale(WOO, "pair", 2)
    world.happy_sale(WOO, "cup", 3)
    order = world.happy_sale(WOO, "set", 4)
    world.change(WOO, "set", 5, 1, cause="cancel", order_id=order)
    world.book("set", 5.1, 1, shop=WOO, order_id=order)
    for number in (("set", SHOPIFY), ("pair", SHOPIFY), ("pair", WOO), ("cup", SHOPIFY), ("cup", WOO)):
        world.write(number[1], number[0], 5.3, world.on_sale(number[0]))
    world.write(SHOPIFY, "pot", 5.3, 7)
    world.write(WOO, "pot", 5.3, 7)
    judgement = world.judge()
    assert judgement.wrong == ()
    assert world.available == {"cup": 14, "pot": 7}
    assert {name: judgement.figures[name] for name in ("skus", "listings", "bundles", "bundles_sold")} == {
        "skus": 2,
        "listings": 8,
        "bundles": 2,
        "bundles_sold": 4,
    }


def sold_for_one_cup(world: World, order: str) -> None:
    world.record(SHOPIFY, order, "cup", 1.1, -1)
    world.book("pot", 1.1, -1, shop=SHOPIFY, order_id=order)


def sold_without_the_pot(world: World, order: str) -> None:
    world.record(SHOPIFY, order, "cup", 1.1, -2)


@pytest.mark.parametrize("booked", [sold_for_one_cup, sold_without_the_pot])
def test_a_ledger_that_takes_too_little_for_a_bundle_is_a_mismatch(
    booked: Callable[[World, str], None],
) -> None:
    world = World(SET, cup=10, pot=10)
    booked(world, world.sale(SHOPIFY, "set", 1))
    judgement = world.judge()
    assert judgement.figures["ledger_mismatches"] == 1
    assert judgement.figures["orders_double_counted"] == 0
    assert any("ledger" in sentence for sentence in judgement.wrong)


def test_a_ledger_that_takes_too_much_for_a_bundle_counted_it_twice() -> None:
    world = World(SET, cup=10, pot=10)
    order = world.sale(SHOPIFY, "set", 1)
    world.record(SHOPIFY, order, "cup", 1.1, -3)
    world.book("pot", 1.1, -1, shop=SHOPIFY, order_id=order)
    assert world.judge().suspects["orders_double_counted"] == [f"shopify order {order}"]


def test_units_of_a_component_sold_by_itself_and_in_a_bundle_of_the_same_order_add_up() -> None:
    world = World(SET, cup=10, pot=10)
    order = world.sale(SHOPIFY, "set", 1)
    world.change(SHOPIFY, "cup", 1, -1, cause="order", order_id=order)
    world.record(SHOPIFY, order, "set", 1.1, -1)
    world.book("cup", 1.1, -1, shop=SHOPIFY, order_id=order)
    figures = world.figures()
    assert (figures["orders_double_counted"], figures["ledger_mismatches"]) == (0, 0)


def test_a_bundle_with_a_stock_of_its_own_is_a_mismatch() -> None:
    world = World(SET, cup=10, pot=10)
    world.available["set"] = 3
    judgement = world.judge()
    assert judgement.suspects["ledger_mismatches"] == ["set: a bundle with a stock of its own"]
    world.available["set"] = 0
    assert world.judge().wrong == ()


@pytest.mark.parametrize(("cup", "pot", "shown"), [(5, 9, 2), (9, 2, 2), (-1, 9, 0)])
def test_a_bundle_shows_as_many_as_its_scarcest_component_allows_for(cup: int, pot: int, shown: int) -> None:
    world = World(SET, cup=max(cup, 0), pot=pot)
    if cup < 0:
        world.happy_sale(SHOPIFY, "cup", 1, 1)
    assert world.numbers[WOO, "set"] == shown
    assert world.figures()["listings_diverged"] == 0
    world.numbers[WOO, "set"] = shown + 1
    assert world.judge().suspects["listings_diverged"] == [
        f"woocommerce set: shows {shown + 1}, ledger has {shown}"
    ]


def test_a_bundle_of_which_a_component_has_no_level_diverges() -> None:
    world = World(SET, cup=10, pot=10)
    del world.available["pot"]
    assert world.figures()["listings_diverged"] == 4


# ------------------------------------------------------------------------------------- overselling


@pytest.mark.parametrize(("sold_at", "unexplained"), [(2.0, 0), (9.0, 2)])
@pytest.mark.parametrize("shop", [SHOPIFY, WOO])
def test_cups_that_went_in_a_set_are_oversold_and_explained_for_the_window_only(
    shop: str, sold_at: float, unexplained: int
) -> None:
    """In the same shop too: it lowered the set's number itself, and not the cups'."""
    world = World(SET, cup=2, pot=10)
    order = world.sale(SHOPIFY, "set", 1)
    world.webhook(SHOPIFY, order, 1, delivered=1.02)
    world.record(SHOPIFY, order, "set", 1.1, -1)
    order = world.sale(shop, "cup", sold_at, 2)
    world.record(shop, order, "cup", sold_at + 0.1, -2)
    figures = world.figures()
    assert (figures["units_oversold"], figures["oversold_unexplained"]) == (2, unexplained)


@pytest.mark.parametrize(("sold_at", "unexplained"), [(2.0, 0), (9.0, 1)])
@pytest.mark.parametrize("shop", [SHOPIFY, WOO])
def test_a_set_whose_cups_were_sold_is_short_of_just_those(
    shop: str, sold_at: float, unexplained: int
) -> None:
    world = World(SET, cup=2, pot=10)
    order = world.sale(SHOPIFY, "cup", 1)
    world.webhook(SHOPIFY, order, 1, delivered=1.02)
    order = world.sale(shop, "set", sold_at)
    judgement = world.judge()
    assert judgement.figures["units_oversold"] == 1
    assert judgement.figures["oversold_unexplained"] == unexplained
    if unexplained:
        [where] = judgement.suspects["oversold_unexplained"]
        assert where.startswith(f"cup in set: 1 units of {shop} order {order}")


def test_a_set_sold_by_the_same_number_explains_nothing() -> None:
    world = World(SET, cup=2, pot=10)
    world.sale(SHOPIFY, "set", 1)
    world.sale(SHOPIFY, "set", 1.1)
    figures = world.figures()
    assert (figures["units_oversold"], figures["oversold_unexplained"]) == (2, 2)


def test_a_set_may_be_oversold_by_another_set_that_needs_the_same_cups() -> None:
    world = World(TWO_SETS, cup=2, pot=10)
    order = world.sale(WOO, "pair", 1)
    world.webhook(WOO, order, 1, delivered=1.02)
    world.sale(WOO, "set", 2)
    figures = world.figures()
    assert (figures["units_oversold"], figures["oversold_unexplained"]) == (2, 0)


def test_a_number_that_knew_of_the_cups_explains_nothing() -> None:
    world = World(SET, cup=3, pot=10)
    world.sale(SHOPIFY, "cup", 1, 2)
    world.write(WOO, "set", 1.3, 0)  # there is one cup left
    world.numbers[WOO, "set"] = 1  # whatever put it up again
    world.sale(WOO, "set", 1.5)
    figures = world.figures()
    assert (figures["units_oversold"], figures["oversold_unexplained"]) == (1, 1)


def test_a_write_of_a_set_that_knows_nothing_of_the_cups_is_no_arrival() -> None:
    world = World(SET, cup=3, pot=10)
    world.sale(SHOPIFY, "cup", 1, 2)
    world.write(WOO, "set", 1.3, 1)
    world.sale(WOO, "set", 1.5)
    figures = world.figures()
    assert (figures["units_oversold"], figures["oversold_unexplained"]) == (1, 0)


def test_a_write_that_knows_of_one_set_need_not_know_of_the_next() -> None:
    """Though the same shop sold it: it did not lower the cups' number."""
    world = World(SET, cup=4, pot=10)
    world.sale(WOO, "set", 1)
    world.sale(WOO, "set", 1.2)
    world.write(WOO, "cup", 1.3, 2)
    world.sale(WOO, "cup", 1.5, 4)
    figures = world.figures()
    assert (figures["units_oversold"], figures["oversold_unexplained"]) == (4, 2)


def test_a_set_that_a_write_put_back_explains_all_of_its_cups() -> None:
    world = World(SET, cup=4, pot=10)
    order = world.sale(WOO, "set", 1)
    world.write(WOO, "set", 1.4, 2)  # computed before that sale, and written over it
    world.webhook(WOO, order, 1, delivered=1.45)
    world.sale(WOO, "set", 2, 2)
    figures = world.figures()
    assert (figures["units_oversold"], figures["oversold_unexplained"]) == (2, 0)


# --------------------------------------------------------------------------------- writes above truth


def sold(world: World, shop: str, sku: str, at: float, units: int = 1) -> None:
    order = world.sale(shop, sku, at, units)
    world.webhook(shop, order, at, delivered=at + 0.02)


@pytest.mark.parametrize(("written", "above"), [(1, 0), (2, 1)])
@pytest.mark.parametrize("shop", [SHOPIFY, WOO])
def test_a_set_is_above_truth_beyond_what_one_of_its_components_allows_for(
    shop: str, written: int, above: int
) -> None:
    world = World(SET, cup=10, pot=10)
    sold(world, SHOPIFY, "cup", 1, 7)  # three are left
    world.write(shop, "set", 5, written)
    judgement = world.judge()
    assert judgement.figures["writes_above_truth"] == above
    if above:
        assert judgement.suspects["writes_above_truth"] == [
            f"cup in set: {shop} 5->2 at 00:00:05.000, 3 were left"
        ]


def test_a_set_above_the_truth_of_two_components_is_one_write() -> None:
    world = World(SET, cup=10, pot=10)
    sold(world, SHOPIFY, "cup", 1, 10)
    sold(world, SHOPIFY, "pot", 1, 10)
    world.write(WOO, "set", 5, 1)
    assert world.figures()["writes_above_truth"] == 1


@pytest.mark.parametrize(("at", "above"), [(2.9, 0), (5.0, 1)])
@pytest.mark.parametrize("shop", [SHOPIFY, WOO])
def test_a_component_is_above_truth_once_the_product_knows_of_a_sold_set(
    shop: str, at: float, above: int
) -> None:
    world = World(SET, cup=10, pot=10)
    sold(world, SHOPIFY, "set", 1)
    world.write(shop, "cup", at, 9)
    assert world.figures()["writes_above_truth"] == above


def test_the_ledgers_movements_of_components_tell_of_a_set_whose_webhook_was_lost() -> None:
    world = World(SET, cup=10, pot=10)
    order = world.sale(SHOPIFY, "set", 1)
    world.write(WOO, "cup", 5, 10)
    assert world.figures()["writes_above_truth"] == 0
    world.record(SHOPIFY, order, "set", 1.1, -1)
    assert world.figures()["writes_above_truth"] == 1


def test_what_the_ledger_has_of_another_line_of_the_order_tells_nothing_of_its_set() -> None:
    world = World(SET, cup=10, pot=10)
    order = world.sale(SHOPIFY, "set", 1)
    world.change(SHOPIFY, "cup", 1.05, -1, cause="order", order_id=order)
    world.record(SHOPIFY, order, "cup", 1.1, -1)
    world.write(WOO, "cup", 5, 10)
    assert world.figures()["writes_above_truth"] == 0
    world.book("set", 1.2, -1, shop=SHOPIFY, order_id=order)
    assert world.figures()["writes_above_truth"] == 1


# ------------------------------------------------------------------------------------ edits and times


def test_a_sold_set_is_no_excuse_for_a_lost_edit_of_its_component() -> None:
    """It moved another number, which no write to the component's could have overwritten."""
    world = World({"set": {"cup": 2}, "mug": {"cup": 1}}, cup=20)
    world.happy_sale(WOO, "set", 29)
    world.write(WOO, "set", 29.5, 9)
    world.edit(WOO, "cup", 33, 2)
    figures = world.figures()
    assert (figures["edits_lost"], figures["edits_lost_unexplained"]) == (1, 1)


def test_a_write_of_a_set_soon_after_an_edit_of_its_component_overwrote_nothing() -> None:
    world = World(SET, cup=20, pot=20)
    world.edit(WOO, "cup", 3, 2)
    world.write(WOO, "set", 4, 10)
    assert world.figures()["edits_lost_unexplained"] == 1
    world.write(WOO, "cup", 4.5, 20)
    assert world.figures()["edits_lost_unexplained"] == 0


def test_a_sale_propagates_to_every_number_that_counts_the_same_units() -> None:
    world = World(SET, cup=5, pot=9)
    world.sale(SHOPIFY, "set", 10)
    world.write(WOO, "set", 10.1, 2)  # knows nothing of it: three cups are left
    world.write(WOO, "set", 10.9, 1)
    world.write(WOO, "cup", 10.3, 3)
    world.write(SHOPIFY, "cup", 10.4, 3)
    world.write(SHOPIFY, "pot", 10.5, 8)
    world.write(WOO, "pot", 10.6, 8)
    figures = world.figures()
    assert figures["propagation_ms"] == {"p50": 500.0, "p95": 900.0, "p99": 900.0, "max": 900.0}


def test_a_sold_set_needs_a_call_for_each_number_but_its_own() -> None:
    world = World(SET, cup=3, pot=9)
    world.book("set", 10, -1, shop=SHOPIFY, order_id="1")
    assert world.figures()["push_calls_floor"] == 2  # its cups and its pot, and all in the other shop


def test_a_component_that_leaves_a_set_as_scarce_as_it_was_needs_no_call_for_it() -> None:
    world = World({"set": {"cup": 2}}, cup=5)
    world.cells = [cell for cell in world.cells if cell.sku == "set"]
    world.book("cup", 10, -1)
    assert world.figures()["push_calls_floor"] == 0
    world.book("cup", 20, -1)
    assert world.figures()["push_calls_floor"] == 2
