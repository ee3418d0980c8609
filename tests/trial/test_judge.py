"""Every figure of the verdict, shown to bite on a history that has the defect."""

from __future__ import annotations

import dataclasses

import pytest

from syncflow.trial.facts import Disturbance, UnansweredWrite
from tests.trial.world import MEASURED, OTHER, SHOPIFY, WOO, World

KEYS = {
    "orders_placed", "orders_recorded", "orders_lost", "orders_double_counted", "listings",
    "listings_diverged", "ledger_mismatches", "edits", "edits_lost", "units_oversold",
    "oversold_unexplained", "writes_above_truth", "webhooks_sent", "webhooks_lost", "webhooks_doubled",
    "heal_s", "api_calls", "calls_throttled", "push_calls", "push_calls_floor", "propagation_ms",
    "propagation_floor_ms",
    "quiet_writes", "quiet_reads", "quiet_reads_scheduled", "quiet_after_s", "duration_s", "peak_rss_mb",
    "seed",
}  # fmt: skip

both_shops = pytest.mark.parametrize("shop", [SHOPIFY, WOO])


def test_a_flawless_history_has_nothing_wrong() -> None:
    world = World(mug=10, lamp=5)
    for second in range(1, 5):
        world.happy_sale(SHOPIFY, "mug", second)
        world.happy_sale(WOO, "lamp", second + 0.5)
    judgement = world.judge()
    assert judgement.wrong == ()
    assert judgement.suspects == {}
    assert set(judgement.figures) >= KEYS
    assert {name: judgement.figures[name] for name in ("orders_placed", "orders_recorded", "listings")} == {
        "orders_placed": 8,
        "orders_recorded": 8,
        "listings": 4,
    }
    assert judgement.figures["propagation_ms"] == {"p50": 300.0, "p95": 300.0, "p99": 300.0, "max": 300.0}
    assert judgement.figures["heal_s"] == {"p50": 0.0, "p95": 0.0, "max": 0.0}
    assert judgement.figures["quiet_after_s"] == 10.0


def test_a_shop_that_never_became_quiet_is_wrong() -> None:
    assert World(mug=1).judge(dataclasses.replace(MEASURED, became_quiet=False)).wrong


def test_quiet_later_than_promised_after_disturbances_is_wrong() -> None:
    world = World(mug=1)
    [took] = {world.judge(MEASURED).figures["quiet_after_s"]}
    assert not world.judge(dataclasses.replace(MEASURED, quiet_within_s=took)).wrong
    assert world.judge(dataclasses.replace(MEASURED, quiet_within_s=took - 0.1)).wrong


# ------------------------------------------------------------------------------------------ orders


def test_an_order_without_a_record_is_lost() -> None:
    world = World(mug=10)
    world.happy_sale(SHOPIFY, "mug", 1)
    world.sale(WOO, "mug", 2)
    judgement = world.judge()
    assert judgement.figures["orders_lost"] == 1
    assert judgement.figures["orders_recorded"] == 1
    assert judgement.suspects["orders_lost"] == ["woocommerce order 1"]
    assert judgement.wrong


def test_the_same_order_number_in_the_other_shop_is_another_order() -> None:
    world = World(mug=10)
    order = world.sale(SHOPIFY, "mug", 1)
    world.record(WOO, order, "mug", 2, -1)
    figures = world.figures()
    assert (figures["orders_lost"], figures["orders_double_counted"]) == (1, 1)


def test_a_probe_that_is_lost_counts_though_it_was_not_played() -> None:
    world = World(mug=10)
    world.happy_sale(SHOPIFY, "mug", 1)
    world.sale(SHOPIFY, "mug", 2)
    world.placed[-1] = dataclasses.replace(world.placed[-1], played=False)
    figures = world.figures()
    assert (figures["orders_placed"], figures["orders_lost"]) == (1, 1)


def test_an_order_with_two_rows_is_counted_twice() -> None:
    world = World(mug=10)
    order = world.happy_sale(SHOPIFY, "mug", 1)
    world.orders.append(dataclasses.replace(world.orders[0], recorded_at=3.0))
    judgement = world.judge()
    assert judgement.figures["orders_double_counted"] == 1
    assert judgement.suspects["orders_double_counted"] == [f"shopify order {order}"]


def test_an_order_whose_units_were_taken_twice_is_counted_twice_and_breaks_the_ledger() -> None:
    world = World(mug=10)
    order = world.happy_sale(SHOPIFY, "mug", 1)
    world.book("mug", 2, -1, shop=SHOPIFY, order_id=order)
    figures = world.figures()
    assert (figures["orders_double_counted"], figures["ledger_mismatches"]) == (1, 1)


def test_a_cancelled_order_that_was_taken_back_is_counted_once() -> None:
    world = World(mug=10)
    order = world.happy_sale(SHOPIFY, "mug", 1, 3)
    world.change(SHOPIFY, "mug", 2, 3, cause="cancel", order_id=order)
    world.book("mug", 2.1, 3, shop=SHOPIFY, order_id=order)
    world.write(WOO, "mug", 2.3, 10)
    assert world.judge().wrong == ()


# ------------------------------------------------------------------------------- ledger and channels


def test_a_level_that_is_not_the_sum_of_its_movements_is_a_mismatch() -> None:
    world = World(mug=10)
    world.unbalanced.add("mug")
    assert world.figures()["ledger_mismatches"] == 1


def test_a_movement_that_nothing_explains_is_a_mismatch() -> None:
    world = World(mug=10)
    world.book("mug", 2, -1)
    judgement = world.judge()
    assert judgement.figures["ledger_mismatches"] == 1
    assert judgement.suspects["ledger_mismatches"] == ["mug: ledger has 9, really 10"]


def test_a_cancellation_that_was_not_taken_back_is_a_mismatch() -> None:
    world = World(mug=10)
    order = world.happy_sale(SHOPIFY, "mug", 1)
    world.change(SHOPIFY, "mug", 2, 1, cause="cancel", order_id=order)
    assert world.figures()["ledger_mismatches"] == 1


def test_a_sku_without_a_level_is_a_mismatch() -> None:
    world = World(mug=10)
    del world.available["mug"]
    assert world.figures()["ledger_mismatches"] == 1


@both_shops
def test_a_shop_that_shows_another_number_diverges(shop: str) -> None:
    world = World(mug=10)
    world.numbers[shop, "mug"] = 9
    judgement = world.judge()
    assert judgement.figures["listings_diverged"] == 1
    assert judgement.suspects["listings_diverged"] == [f"{shop} mug: shows 9, ledger has 10"]


def test_an_oversold_sku_that_shows_zero_does_not_diverge() -> None:
    world = World(mug=10)
    world.available["mug"] = -2
    world.numbers |= {(SHOPIFY, "mug"): 0, (WOO, "mug"): -1}
    assert world.figures()["listings_diverged"] == 0


def test_a_listing_that_was_never_linked_diverges() -> None:
    world = World(mug=10)
    world.cells = [cell for cell in world.cells if cell.shop != WOO]
    assert world.figures()["listings_diverged"] == 1


# -------------------------------------------------------------------------------------------- edits


@both_shops
def test_an_edit_that_the_ledger_took_over_is_not_lost(shop: str) -> None:
    world = World(mug=10)
    world.edit(shop, "mug", 1, 5)
    world.book("mug", 8, 5, shop=shop)
    world.write(OTHER[shop], "mug", 9, 15)
    judgement = world.judge()
    assert judgement.wrong == ()
    assert (judgement.figures["edits"], judgement.figures["edits_lost"]) == (1, 0)


def test_an_edit_wiped_out_by_a_write_without_compare_and_set_is_lost_and_explained() -> None:
    world = World(mug=10)
    world.edit(WOO, "mug", 1, 5)
    world.write(WOO, "mug", 1.5, 10)
    judgement = world.judge()
    assert judgement.figures["edits_lost"] == 1
    assert judgement.figures["ledger_mismatches"] == 0
    assert judgement.wrong == ()


@pytest.mark.parametrize(("shop", "write_after"), [(SHOPIFY, 0.5), (WOO, 2.5)])
def test_an_edit_lost_where_it_could_have_been_kept_is_wrong(shop: str, write_after: float) -> None:
    world = World(mug=10)
    world.edit(shop, "mug", 1, 5)
    world.write(shop, "mug", 1 + write_after, 10)
    judgement = world.judge()
    assert judgement.figures["edits_lost"] == 1
    assert judgement.figures["ledger_mismatches"] == 0
    assert judgement.wrong


@pytest.mark.parametrize(
    ("sold", "write_after", "fault", "explained"),
    [
        (5, 1.0, None, True),
        (4, 1.0, None, False),  # does not add up to the edit
        (5, 4.0, None, False),  # no write was near
        (5, -10.0, None, False),
        (5, -10.0, "timeout", True),  # it may have landed any time since
        (5, -20.0, "timeout", False),
    ],
)
def test_an_edit_that_looks_like_sales_overwritten_by_a_write_is_lost_and_explained(
    sold: int, write_after: float, fault: str | None, explained: bool
) -> None:
    world = World(mug=50)
    order = world.sale(WOO, "mug", 100, sold)
    world.record(WOO, order, "mug", 100.1, -sold)
    at = 100 + write_after
    world.write(WOO, "mug", at, world.numbers[WOO, "mug"])
    if fault:
        world.call(WOO, at, write=True, fault=fault)
    world.edit(WOO, "mug", 120, 5)
    judgement = world.judge()
    assert judgement.figures["edits_lost"] == 1
    assert judgement.figures["edits_lost_unexplained"] == (0 if explained else 1)


@pytest.mark.parametrize(
    ("sold_before", "mixed_up"), [(0.4, True), (1.6, False), (-0.9, True), (-1.1, False)]
)
def test_an_edit_and_an_overwritten_sale_show_as_their_sum(sold_before: float, mixed_up: bool) -> None:
    world = World(mug=50)
    order = world.sale(WOO, "mug", 100 - sold_before, 6)
    world.record(WOO, order, "mug", 100.1, -6)
    world.write(WOO, "mug", 100, 50)
    world.edit(WOO, "mug", 120, 2)
    world.book("mug", 140, 8, shop=WOO)
    figures = world.figures()
    assert (figures["edits_lost"], figures["ledger_mismatches"]) == ((1, 0) if mixed_up else (0, 1))
    assert figures["edits_lost_unexplained"] == 0


@pytest.mark.parametrize(
    ("sold_before", "mixed_up"), [(0.4, True), (1.6, False), (-0.9, True), (-1.1, False)]
)
def test_a_sale_near_a_write_and_an_edit_may_look_as_if_it_was_overwritten(
    sold_before: float, mixed_up: bool
) -> None:
    """A sale of 6 that is in the number, and an edit of 5, taken for one overwritten and an edit of -1."""
    world = World(mug=50)
    order = world.sale(WOO, "mug", 100 - sold_before, 6)
    world.record(WOO, order, "mug", 100.1, -6)
    world.write(WOO, "mug", 100, 44)
    world.edit(WOO, "mug", 120, 5)
    world.book("mug", 140, -1, shop=WOO)
    figures = world.figures()
    assert (figures["edits_lost"], figures["ledger_mismatches"]) == ((1, 0) if mixed_up else (0, 1))
    assert figures["edits_lost_unexplained"] == 0


@pytest.mark.parametrize(
    ("shop", "written_in", "written_at", "explained"),
    [
        (WOO, WOO, 100, True),
        (SHOPIFY, SHOPIFY, 100, False),
        (WOO, SHOPIFY, 100, False),
        (WOO, WOO, 44, False),
    ],
)
def test_an_edit_may_be_taken_for_the_outcome_of_an_unanswered_write(
    shop: str, written_in: str, written_at: float, explained: bool
) -> None:
    world = World(mug=50)
    world.unanswered.append(UnansweredWrite(written_in, "mug", written_at, -12))
    world.edit(shop, "mug", 105, 8)
    world.book("mug", 130, -4, shop=shop)
    figures = world.figures()
    assert (figures["edits_lost"], figures["ledger_mismatches"]) == ((1, 0) if explained else (0, 1))


@pytest.mark.parametrize(("sold", "sold_at", "explained"), [(3, 106, True), (4, 106, False), (3, 120, False)])
def test_an_edit_may_look_like_a_write_that_landed_late_over_a_sale(
    sold: int, sold_at: float, explained: bool
) -> None:
    """It would have lowered the number by two, and given the sale back: one more than without it."""
    world = World(mug=50)
    world.unanswered.append(UnansweredWrite(WOO, "mug", 100, -2))
    order = world.sale(WOO, "mug", sold_at, sold)
    world.record(WOO, order, "mug", sold_at + 1, -sold)
    world.edit(WOO, "mug", 109, 1)
    figures = world.figures()
    assert figures["edits_lost"] == 1
    assert figures["edits_lost_unexplained"] == (0 if explained else 1)


def test_an_overwritten_sale_without_an_edit_is_no_excuse() -> None:
    world = World(mug=50)
    order = world.sale(WOO, "mug", 99.6, 6)
    world.record(WOO, order, "mug", 100.1, -6)
    world.write(WOO, "mug", 100, 50)
    world.book("mug", 140, 6, shop=WOO)
    assert world.figures()["ledger_mismatches"] == 1


def test_of_several_edits_only_those_that_are_missing_are_lost() -> None:
    world = World(mug=10)
    for second, delta in enumerate((5, -3, 8), start=1):
        world.edit(SHOPIFY, "mug", second, delta)
    world.book("mug", 8, 8 - 3, shop=SHOPIFY)
    figures = world.figures()
    assert (figures["edits"], figures["edits_lost"], figures["ledger_mismatches"]) == (3, 1, 0)


def test_an_edit_taken_over_twice_is_a_mismatch_and_not_a_lost_edit() -> None:
    world = World(mug=10)
    world.edit(SHOPIFY, "mug", 1, 5)
    world.book("mug", 8, 10, shop=SHOPIFY)
    figures = world.figures()
    assert (figures["edits_lost"], figures["ledger_mismatches"]) == (0, 1)


# ---------------------------------------------------------------------------------------- overselling


def test_the_last_unit_sold_twice_within_the_window_is_oversold_and_explained() -> None:
    world = World(mug=1)
    first = world.sale(SHOPIFY, "mug", 1)
    world.webhook(SHOPIFY, first, 1, delivered=1.1)
    world.sale(WOO, "mug", 2.5)
    figures = world.figures()
    assert (figures["units_oversold"], figures["oversold_unexplained"]) == (1, 0)


@both_shops
def test_a_unit_sold_twice_long_after_the_product_was_told_is_not_explained(shop: str) -> None:
    world = World(mug=1)
    first = world.sale(shop, "mug", 1)
    world.webhook(shop, first, 1, delivered=1.1)
    world.sale(OTHER[shop], "mug", 3.2)
    judgement = world.judge()
    assert judgement.figures["units_oversold"] == 1
    assert judgement.figures["oversold_unexplained"] == 1
    (where,) = judgement.suspects["oversold_unexplained"]
    assert where.startswith(f"mug: 1 units of {OTHER[shop]} order 1, ")
    assert judgement.wrong


def test_a_lost_webhook_explains_until_the_order_is_recorded() -> None:
    def oversell(sold_again_at: float) -> int:
        world = World(mug=1)
        first = world.sale(SHOPIFY, "mug", 1)
        world.webhook(SHOPIFY, first, 1, delivered=None)
        world.record(SHOPIFY, first, "mug", 30, -1)
        world.sale(WOO, "mug", sold_again_at)
        return int(world.figures()["oversold_unexplained"])

    assert oversell(31.5) == 0
    assert oversell(32.5) == 1


def test_a_disturbance_in_the_window_stretches_it() -> None:
    def oversell(sold_again_at: float, *, kill_at: float | None = None, fault: str | None = None) -> int:
        world = World(mug=1)
        first = world.sale(SHOPIFY, "mug", 1)
        world.webhook(SHOPIFY, first, 1, delivered=1.1)
        if kill_at:
            world.disturbances.append(Disturbance(kill_at, "workers"))
        if fault:
            world.call(WOO, 2, write=True, fault=fault)
        world.sale(WOO, "mug", sold_again_at)
        return int(world.figures()["oversold_unexplained"])

    assert oversell(20, kill_at=2) == 0
    assert oversell(20, kill_at=4) == 1  # the window was over before
    assert oversell(60, kill_at=2) == 1
    assert oversell(6, fault="429") == 0
    assert oversell(9, fault="429") == 1


def test_a_window_never_stretches_beyond_the_longest() -> None:
    world = World(mug=1)
    first = world.sale(SHOPIFY, "mug", 1)
    world.webhook(SHOPIFY, first, 1, delivered=1)
    for second in range(1, 200):
        world.call(WOO, second, fault="5xx")
    world.sale(WOO, "mug", 92)
    assert world.figures()["oversold_unexplained"] == 1


def test_a_sale_that_had_arrived_explains_nothing() -> None:
    """The other shop knew, and was then told a higher number: that is what sold the unit again."""
    world = World(mug=1)
    first = world.sale(SHOPIFY, "mug", 1)
    world.webhook(SHOPIFY, first, 1, delivered=1.1)
    world.write(WOO, "mug", 1.3, 0)
    world.write(WOO, "mug", 1.6, 1)
    world.sale(WOO, "mug", 2)
    assert world.figures()["oversold_unexplained"] == 1


def test_a_write_that_knows_nothing_of_a_sale_is_no_arrival() -> None:
    world = World(mug=1)
    first = world.sale(SHOPIFY, "mug", 1)
    world.webhook(SHOPIFY, first, 1, delivered=1.1)
    world.write(WOO, "mug", 1.5, 1)
    world.sale(WOO, "mug", 2)
    assert world.figures()["oversold_unexplained"] == 0


def test_an_arrival_of_more_than_nothing_counts_too() -> None:
    world = World(mug=5)
    first = world.sale(SHOPIFY, "mug", 1, 4)
    world.webhook(SHOPIFY, first, 1, delivered=1.1)
    world.write(WOO, "mug", 1.3, 1)
    world.write(WOO, "mug", 1.5, 5)
    world.sale(WOO, "mug", 2, 3)
    assert world.figures()["oversold_unexplained"] == 2


def test_a_sale_in_the_same_shop_explains_nothing() -> None:
    """A shop knows its own sales: only a number written to it can make it sell again."""
    world = World(mug=1)
    world.sale(SHOPIFY, "mug", 1)
    world.write(SHOPIFY, "mug", 1.2, 1)
    world.sale(SHOPIFY, "mug", 1.5)
    assert world.figures()["oversold_unexplained"] == 1


@pytest.mark.parametrize(
    ("written_after", "sold_again_at", "unexplained"), [(0.1, 12.0, 0), (0.1, 14.0, 2), (1.6, 12.0, 2)]
)
def test_a_sale_that_a_write_put_back_explains_until_the_product_was_told(
    written_after: float, sold_again_at: float, unexplained: int
) -> None:
    """Without compare-and-set what is sold between the reading and the write is on sale again for a while."""
    world = World(mug=7)
    first = world.sale(WOO, "mug", 10, 6)
    world.webhook(WOO, first, 10, delivered=11.5)
    world.write(WOO, "mug", 10 + written_after, 6)
    world.sale(WOO, "mug", sold_again_at, 3)
    figures = world.figures()
    assert (figures["units_oversold"], figures["oversold_unexplained"]) == (2, unexplained)


def test_an_edit_below_zero_is_no_sale() -> None:
    world = World(mug=1)
    world.happy_sale(SHOPIFY, "mug", 1)
    world.edit(WOO, "mug", 5, -1)
    assert world.figures()["units_oversold"] == 0


@pytest.mark.parametrize(("sold_at", "unexplained"), [(10.0, 0), (18.0, 1)])
def test_an_edit_in_the_other_shop_explains_until_the_ledger_has_it(sold_at: float, unexplained: int) -> None:
    world = World(mug=2)
    world.edit(SHOPIFY, "mug", 1, -2)
    world.book("mug", 15, -2, shop=SHOPIFY)
    world.sale(WOO, "mug", sold_at)
    assert world.figures()["oversold_unexplained"] == unexplained


def test_a_write_that_knows_of_the_shops_own_sale_need_not_know_of_the_others() -> None:
    """Its own sale has left the number at once: one unit less is no sign of the other shop's."""
    world = World(mug=2)
    world.sale(SHOPIFY, "mug", 1)  # nobody is told
    world.sale(WOO, "mug", 2)
    world.write(WOO, "mug", 3, 1)
    world.sale(WOO, "mug", 4)
    figures = world.figures()
    assert (figures["units_oversold"], figures["oversold_unexplained"]) == (1, 0)


def test_a_write_of_what_was_left_knows_of_the_sale() -> None:
    world = World(mug=2)
    world.sale(SHOPIFY, "mug", 1)
    world.write(WOO, "mug", 2, 1)
    world.sale(WOO, "mug", 3)
    world.change(WOO, "mug", 3.5, 1, cause="merchant_number")  # whoever raised it: not that sale
    world.sale(WOO, "mug", 4)
    assert world.figures()["oversold_unexplained"] == 1


@pytest.mark.parametrize(("sold_at", "unexplained"), [(52.0, 0), (53.2, 1)])
def test_units_that_came_back_while_more_were_owed_are_explained_for_the_window(
    sold_at: float, unexplained: int
) -> None:
    world = World(mug=1)
    first = world.sale(WOO, "mug", 1)
    world.webhook(WOO, first, 1, delivered=None)
    second = world.sale(SHOPIFY, "mug", 2)  # oversold: one is owed
    world.webhook(SHOPIFY, second, 2, delivered=2.1)
    world.record(WOO, first, "mug", 10, -1)
    world.write(SHOPIFY, "mug", 11, 0)
    world.change(WOO, "mug", 51, 1, cause="refund", order_id=first)
    world.webhook(WOO, first, 51, delivered=51.1)
    world.sale(WOO, "mug", sold_at)
    assert world.figures()["oversold_unexplained"] == unexplained


def test_only_the_units_beyond_the_unknown_ones_are_unexplained() -> None:
    world = World(mug=5)
    first = world.sale(SHOPIFY, "mug", 1, 4)
    world.webhook(SHOPIFY, first, 1, delivered=1.1)
    second = world.sale(SHOPIFY, "mug", 9, 1)
    world.webhook(SHOPIFY, second, 9, delivered=9.1)
    world.sale(WOO, "mug", 10, 3)
    figures = world.figures()
    assert (figures["units_oversold"], figures["oversold_unexplained"]) == (3, 2)


def test_units_that_came_back_can_be_sold_again() -> None:
    world = World(mug=1)
    order = world.sale(SHOPIFY, "mug", 1)
    world.change(SHOPIFY, "mug", 2, 1, cause="cancel", order_id=order)
    world.sale(WOO, "mug", 100)
    assert world.figures()["units_oversold"] == 0


# ----------------------------------------------------------------------------------- published numbers


@both_shops
def test_a_write_of_more_than_was_known_to_be_left_is_above_truth(shop: str) -> None:
    world = World(mug=10)
    world.happy_sale(shop, "mug", 1, 4)
    world.write(OTHER[shop], "mug", 5, 7)
    judgement = world.judge()
    assert judgement.figures["writes_above_truth"] == 1
    assert judgement.figures["writes_above_truth_raising"] == 1
    (where,) = judgement.suspects["writes_above_truth"]
    assert where == f"mug: {OTHER[shop]} 6->7 at 00:00:05.000, 6 were left"
    assert judgement.wrong


def test_writing_the_same_too_high_number_again_counts() -> None:
    world = World(mug=10)
    order = world.sale(SHOPIFY, "mug", 1)
    world.webhook(SHOPIFY, order, 1, delivered=1.1)
    world.write(WOO, "mug", 5, 10)
    figures = world.figures()
    assert (figures["writes_above_truth"], figures["writes_above_truth_raising"]) == (1, 0)


@pytest.mark.parametrize(("written_at", "above"), [(3.0, 0), (3.2, 1)])
def test_a_write_need_not_know_of_a_sale_told_within_two_seconds(written_at: float, above: int) -> None:
    world = World(mug=10)
    order = world.sale(SHOPIFY, "mug", 1)
    world.webhook(SHOPIFY, order, 1, delivered=1.1)
    world.write(WOO, "mug", written_at, 10)
    assert world.figures()["writes_above_truth"] == above


def test_a_write_need_not_know_of_a_sale_that_nobody_told_of() -> None:
    world = World(mug=10)
    order = world.sale(SHOPIFY, "mug", 1)
    world.webhook(SHOPIFY, order, 1, delivered=None)
    world.write(WOO, "mug", 50, 10)
    assert world.figures()["writes_above_truth"] == 0
    world.record(SHOPIFY, order, "mug", 60, -1)
    world.write(WOO, "mug", 63, 10)
    assert world.figures()["writes_above_truth"] == 1


def test_a_webhook_sent_before_an_order_was_changed_does_not_tell_of_the_change() -> None:
    world = World(mug=10)
    order = world.happy_sale(SHOPIFY, "mug", 1)
    world.change(SHOPIFY, "mug", 5, -2, cause="edit_order", order_id=order)
    world.write(WOO, "mug", 9, 9)
    assert world.figures()["writes_above_truth"] == 0
    world.webhook(SHOPIFY, order, 5, delivered=9.5)
    world.write(WOO, "mug", 12, 9)
    assert world.figures()["writes_above_truth"] == 1


def test_units_that_came_back_may_be_published_at_once() -> None:
    world = World(mug=10)
    order = world.happy_sale(SHOPIFY, "mug", 1, 4)
    world.change(SHOPIFY, "mug", 5, 4, cause="cancel", order_id=order)
    world.write(WOO, "mug", 5.1, 10)
    assert world.figures()["writes_above_truth"] == 0
    world.write(WOO, "mug", 5.2, 11)
    assert world.figures()["writes_above_truth"] == 1


def test_one_is_above_nothing() -> None:
    world = World(mug=1)
    world.happy_sale(SHOPIFY, "mug", 1)
    world.write(WOO, "mug", 30, 1)
    assert world.figures()["writes_above_truth"] == 1


def test_a_change_of_an_order_that_was_never_told_of_is_known_once_the_ledger_has_it() -> None:
    world = World(mug=10)
    order = world.happy_sale(SHOPIFY, "mug", 1)
    world.change(SHOPIFY, "mug", 5, -2, cause="edit_order", order_id=order)
    world.write(WOO, "mug", 20, 9)
    assert world.figures()["writes_above_truth"] == 0
    world.book("mug", 30, -2, shop=SHOPIFY, order_id=order)
    world.write(WOO, "mug", 40, 9)
    assert world.figures()["writes_above_truth"] == 1


def test_zero_is_never_above_truth() -> None:
    world = World(mug=1)
    world.happy_sale(SHOPIFY, "mug", 1)
    world.edit(WOO, "mug", 2, -1)
    world.write(WOO, "mug", 30, 0)
    assert world.figures()["writes_above_truth"] == 0


# --------------------------------------------------------------------------------------------- traffic


def test_changes_of_one_window_endpoint_and_shop_need_one_call() -> None:
    world = World(mug=10, lamp=10, vase=10)
    world.book("mug", 1.00, -1, shop=SHOPIFY)
    world.book("lamp", 1.20, -1, shop=SHOPIFY)
    world.book("mug", 1.24, -1, shop=SHOPIFY)
    assert world.figures()["push_calls_floor"] == 1
    world.book("vase", 1.26, -1, shop=SHOPIFY)
    assert world.figures()["push_calls_floor"] == 2
    world.book("vase", 1.26, -1, shop=WOO)
    assert world.figures()["push_calls_floor"] == 3


def test_each_endpoint_needs_calls_of_its_own() -> None:
    world = World(mug=10, lamp=10)
    world.cells = [
        dataclasses.replace(cell, endpoint=cell.sku) if cell.shop == WOO else cell for cell in world.cells
    ]
    world.book("mug", 1.0, -1, shop=SHOPIFY)
    world.book("lamp", 1.0, -1, shop=SHOPIFY)
    assert world.figures()["push_calls_floor"] == 2


def test_a_batch_that_is_full_needs_another_call() -> None:
    world = World(**{f"sku{number}": 5 for number in range(101)})
    for number in range(101):
        world.book(f"sku{number}", 1.0, -1, shop=SHOPIFY)
    assert world.figures()["push_calls_floor"] == 2


def test_a_change_without_an_origin_concerns_both_shops_and_one_below_zero_none() -> None:
    world = World(mug=1, lamp=0)
    world.book("mug", 1.0, -1)
    world.book("lamp", 1.0, -1)
    assert world.figures()["push_calls_floor"] == 2


def test_every_write_call_counts_once_whatever_it_carries_and_however_it_ends() -> None:
    world = World(mug=10)
    world.write(WOO, "mug", 2, 10, items=100)
    world.write(WOO, "mug", 3, 10, fault="5xx")
    world.call(SHOPIFY, 4)
    world.call(SHOPIFY, 0.5, write=True)  # before the first order
    figures = world.figures()
    assert (figures["push_calls"], figures["api_calls"]) == (2, 3)


def test_writes_in_the_minute_after_quiet_are_wrong() -> None:
    world = World(mug=10)
    world.write(WOO, "mug", 999, 10)
    assert world.figures()["quiet_writes"] == 0
    world.write(WOO, "mug", 1059, 10)
    world.write(WOO, "mug", 1061, 10)
    judgement = world.judge()
    assert judgement.figures["quiet_writes"] == 1
    assert judgement.wrong


def test_more_reads_than_the_schedule_demands_are_wrong() -> None:
    world = World(mug=10)
    demanded = world.figures()["quiet_reads_scheduled"]
    for number in range(demanded):
        world.call(WOO, 1001 + number / 100)
    world.call(WOO, 999)
    assert world.figures()["quiet_reads"] == demanded
    assert world.judge().wrong == ()
    world.call(SHOPIFY, 1059)
    assert world.judge().wrong


def test_webhooks_are_counted_by_what_the_shop_wanted_to_send() -> None:
    world = World(mug=10)
    world.webhook(SHOPIFY, "1", 2, delivered=2.1)
    world.webhook(WOO, "1", 2, delivered=None, topic="order.created")
    world.webhook(WOO, "9", 2, delivered=2.1, topic="product.updated")
    world.webhook(WOO, "9", 0.5, delivered=0.6, topic="product.updated")
    figures = world.figures()
    assert (figures["webhooks_sent"], figures["webhooks_lost"], figures["webhooks_doubled"]) == (3, 1, 0)


# ---------------------------------------------------------------------------------------------- timing


def test_propagation_runs_from_the_sale_to_the_first_write_that_knows_of_it() -> None:
    world = World(mug=10)
    world.sale(SHOPIFY, "mug", 1)
    world.write(WOO, "mug", 1.1, 10)  # computed before
    world.write(WOO, "mug", 1.4, 9)
    assert world.figures()["propagation_ms"]["max"] == pytest.approx(400)


def test_sales_in_flight_are_told_apart_by_what_was_left_after_each() -> None:
    world = World(mug=10)
    world.sale(SHOPIFY, "mug", 1.0)
    world.sale(SHOPIFY, "mug", 1.2)
    world.write(WOO, "mug", 1.3, 9)
    world.write(WOO, "mug", 1.9, 8)
    assert world.figures()["propagation_ms"] == {"p50": 300.0, "p95": 700.0, "p99": 700.0, "max": 700.0}


def test_a_sale_in_the_other_shop_meanwhile_does_not_hide_the_arrival() -> None:
    world = World(mug=10)
    world.sale(SHOPIFY, "mug", 1.0)
    world.sale(WOO, "mug", 1.1)
    world.write(WOO, "mug", 1.5, 8)
    world.write(SHOPIFY, "mug", 1.7, 8)
    assert world.figures()["propagation_ms"] == {"p50": 500.0, "p95": 600.0, "p99": 600.0, "max": 600.0}


def test_a_sale_that_needs_no_write_is_left_out() -> None:
    world = World(mug=1)
    world.sale(SHOPIFY, "mug", 1.0)
    world.write(WOO, "mug", 1.2, 0)
    world.write(SHOPIFY, "mug", 3.0, 1)
    world.sale(SHOPIFY, "mug", 4.0)  # oversold: the other shop is at zero already
    assert world.figures()["propagation_ms"]["max"] == pytest.approx(200)


def test_a_sale_that_never_arrives_leaves_the_other_shop_diverged() -> None:
    world = World(mug=10)
    order = world.sale(SHOPIFY, "mug", 1.0)
    world.record(SHOPIFY, order, "mug", 1.1, -1)
    assert world.figures()["listings_diverged"] == 1


def test_a_late_payment_propagates_from_the_moment_it_takes_the_units() -> None:
    world = World(mug=10)
    world.sale(WOO, "mug", 5.0, cause="pay")
    world.write(SHOPIFY, "mug", 5.25, 9)
    assert world.figures()["propagation_ms"]["p50"] == pytest.approx(250)


def test_healing_is_the_time_until_an_order_without_a_webhook_is_recorded() -> None:
    world = World(mug=10)
    silent = world.sale(SHOPIFY, "mug", 1)
    world.webhook(SHOPIFY, silent, 1, delivered=None)
    world.record(SHOPIFY, silent, "mug", 31, -1)
    helped = world.sale(SHOPIFY, "mug", 2)  # its second webhook arrived
    world.webhook(SHOPIFY, helped, 2, delivered=None)
    world.webhook(SHOPIFY, helped, 2, delivered=2.1, topic="orders/updated")
    world.record(SHOPIFY, helped, "mug", 2.5, -1)
    assert world.figures()["heal_s"] == {"p50": 30.0, "p95": 30.0, "max": 30.0}


def test_percentiles_are_of_the_nearest_rank() -> None:
    world = World(mug=1000)
    for number in range(100):
        world.sale(SHOPIFY, "mug", 10.0 * (number + 1))
        world.write(WOO, "mug", 10.0 * (number + 1) + (number + 1) / 100, 999 - number)
    assert world.figures()["propagation_ms"] == {"p50": 500.0, "p95": 950.0, "p99": 990.0, "max": 1000.0}


def test_a_late_payment_is_judged_by_the_moment_of_its_checkout() -> None:
    def oversell(checkout_at: float) -> int:
        world = World(mug=1)
        first = world.sale(SHOPIFY, "mug", 10)
        world.webhook(SHOPIFY, first, 10, delivered=10.1)
        world.write(WOO, "mug", 10.5, 0)
        world.sale(WOO, "mug", 20, cause="pay")
        world.placed[-1] = dataclasses.replace(world.placed[-1], placed_at=checkout_at)
        return int(world.figures()["oversold_unexplained"])

    assert oversell(9) == 0
    assert oversell(10.3) == 0
    assert oversell(10.6) == 1


def test_a_sale_whose_number_the_other_shop_has_already_waits_for_no_write() -> None:
    world = World(mug=10)
    world.write(WOO, "mug", 1.0, 9)
    world.sale(SHOPIFY, "mug", 1.5)
    world.write(WOO, "mug", 60.0, 9)
    world.sale(SHOPIFY, "mug", 100.0)
    world.write(WOO, "mug", 100.2, 8)
    assert world.figures()["propagation_ms"]["max"] == pytest.approx(200)


def test_only_sales_after_the_first_order_propagate() -> None:
    world = World(mug=10)
    early = world.sale(SHOPIFY, "mug", 0.2)
    world.write(WOO, "mug", 0.9, 9)
    world.change(SHOPIFY, "mug", 2, -1, cause="edit_order", order_id=early)
    world.write(WOO, "mug", 2.9, 8)
    world.edit(SHOPIFY, "mug", 4, -1)
    world.write(WOO, "mug", 4.9, 7)
    assert world.figures()["propagation_ms"]["max"] == 0


@pytest.mark.parametrize(
    ("stock", "delta", "calls"), [(1, -2, 2), (0, 1, 2), (-1, 1, 0), (-1, 2, 2), (1, -1, 2)]
)
def test_a_change_below_zero_needs_no_call(stock: int, delta: int, calls: int) -> None:
    world = World(mug=0)
    world.available["mug"] = stock
    world.book("mug", 1.0, delta)
    assert world.figures()["push_calls_floor"] == calls


def test_a_corrected_number_is_nobody_s_order() -> None:
    world = World(mug=10)
    world.edit(SHOPIFY, "mug", 1, 5)
    world.book("mug", 8, 5, shop=SHOPIFY)
    assert world.figures()["orders_double_counted"] == 0
    world.edit(SHOPIFY, "mug", 10, -3)
    world.book("mug", 18, -3, shop=SHOPIFY)
    assert world.figures()["orders_double_counted"] == 0
