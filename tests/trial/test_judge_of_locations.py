"""A shop with several locations: every rule about its numbers, shown to bite where it is broken."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import pytest

from syncflow.trial.facts import (
    Bundles,
    Cell,
    Evidence,
    LedgerEntry,
    OrderRecord,
    PlacedOrder,
    ShopItem,
    ShopLog,
    StockEvent,
)
from tests.trial.world import BATCH, SHOPIFY, WOO, World

A, B = "a", "b"
SET = {"set": {"cup": 2, "pot": 1}}
OF_SHOP = {SHOPIFY: (A, B), WOO: ("",)}


class Places(World):
    """Shopify has the locations a and b, WooCommerce one number for both. It opens with so much at each."""

    def __init__(self, bundles: Bundles | None = None, /, **opening: Mapping[str, int]) -> None:
        super().__init__(bundles, **{sku: sum(at.values()) for sku, at in opening.items()})
        self.logs = {shop: ShopLog(shop) for shop in OF_SHOP}
        self.levels = {sku: dict(at) for sku, at in opening.items()}
        listed = [(shop, sku, at) for shop, of in OF_SHOP.items() for sku in self._listed() for at in of]
        self.cells = [Cell(shop, sku, "set", BATCH[shop], at) for shop, sku, at in listed]
        self.shown: dict[tuple[str, str, str], int] = {}
        for number in listed:
            self.set(*number, 0.0, self.due(*number), cause="catalog")

    def set(
        self,
        shop: str,
        sku: str,
        location: str,
        at: float,
        value: int,
        *,
        cause: str,
        order: str | None = None,
    ) -> None:
        before = self.shown.get((shop, sku, location), 0)
        self.shown[shop, sku, location] = value
        self._seq += 1
        self.logs[shop].take_stock(
            StockEvent(shop, self._seq, at, sku, before, value, cause, order, location=location)
        )

    def move(
        self,
        shop: str,
        sku: str,
        location: str,
        at: float,
        delta: int,
        *,
        cause: str,
        order: str | None = None,
    ) -> None:
        self.set(shop, sku, location, at, self.shown[shop, sku, location] + delta, cause=cause, order=order)

    def sold(self, shop: str, sku: str, at: float, **units: int) -> str:
        """A sale that the product was told of at once, of so many units at each location."""
        self._ids[shop] += 1
        order = str(self._ids[shop])
        self.placed.append(PlacedOrder(shop, order, at))
        for location, number in units.items():
            where = location if shop == SHOPIFY else ""
            self.move(shop, sku, where, at, -number, cause="order", order=order)
        self.webhook(shop, order, at, delivered=at + 0.02)
        return order

    def booked(self, shop: str, order: str, sku: str, at: float, **units: int) -> None:
        """The order's row, and signed units of `available` at each location."""
        self.orders.append(OrderRecord(shop, order, at))
        for location, delta in units.items():
            self.moved(sku, location, at, delta, shop=shop, order=order)

    def moved(
        self, sku: str, location: str, at: float, delta: int, *, shop: str, order: str | None = None
    ) -> None:
        for part, units in self._parts(sku).items():
            self.levels[part][location] = self.levels[part].get(location, 0) + delta * units
            self.ledger.append(
                LedgerEntry(
                    at,
                    part,
                    delta * units,
                    self.levels[part][location],
                    shop,
                    order,
                    sku if sku in self.bundles else None,
                    origin_location=location if shop == SHOPIFY else "",
                    location=location,
                )
            )

    def due(self, shop: str, sku: str, location: str) -> int:
        """What a number should be, by the rules of docs/users/locations.md."""
        places = (A, B) if shop == WOO else (location,)
        if sku not in self.bundles and shop == WOO:
            return max(sum(self.levels[sku].values()), 0)
        return sum(self._sets(sku, place) for place in places)

    def published(self, at: float) -> None:
        """Every number that is not as it should be is written."""
        for number, shown in list(self.shown.items()):
            if shown != self.due(*number):
                self.put(*number, at)

    def put(self, shop: str, sku: str, location: str, at: float, value: int | None = None) -> None:
        """A write of one number; of what it should be if no value is named."""
        written = self.due(shop, sku, location) if value is None else value
        cause = "api_same" if self.shown[shop, sku, location] == written else "api"
        self.set(shop, sku, location, at, written, cause=cause)
        self.call(shop, at, write=True, items=1)

    def evidence(self) -> Evidence:
        found = super().evidence()
        items = [ShopItem(shop, sku, number, at) for (shop, sku, at), number in self.shown.items()]
        record = dataclasses.replace(found.record, levels=self.levels)
        return dataclasses.replace(found, items=items, record=record, locations=2)

    def _listed(self) -> tuple[str, ...]:
        return (*self.opening, *self.bundles)

    def _sets(self, sku: str, place: str) -> int:
        def there(part: str) -> int:
            short = sum(min(units, 0) for at, units in self.levels[part].items() if at != place)
            return max(self.levels[part].get(place, 0) + short, 0)

        return min(there(part) // units for part, units in self._parts(sku).items())


def test_a_flawless_history_at_two_locations_has_nothing_wrong() -> None:
    world = Places(SET, cup={A: 20, B: 6}, pot={A: 9, B: 3}, mug={A: 3, B: 4})
    split = world.sold(SHOPIFY, "mug", 1, a=3, b=2)
    world.booked(SHOPIFY, split, "mug", 1.1, a=-3, b=-2)
    world.published(1.3)
    world.move(SHOPIFY, "mug", A, 2, 1, cause="refund", order=split)  # one of b's comes back to a
    world.moved("mug", A, 2.1, 1, shop=SHOPIFY, order=split)
    world.published(2.3)
    order = world.sold(WOO, "cup", 3, a=4)
    world.booked(WOO, order, "cup", 3.1, a=-4)
    world.published(3.3)
    order = world.sold(SHOPIFY, "set", 4, b=2)
    world.booked(SHOPIFY, order, "set", 4.1, b=-2)
    world.published(4.3)
    world.move(SHOPIFY, "cup", B, 5, 5, cause="merchant")
    world.moved("cup", B, 5.1, 5, shop=SHOPIFY)
    world.published(5.3)
    judgement = world.judge()
    assert judgement.wrong == ()
    assert judgement.suspects == {}
    assert {name: judgement.figures[name] for name in ("locations", "skus", "listings", "bundles_sold")} == {
        "locations": 2,
        "skus": 3,
        "listings": 8,
        "bundles_sold": 2,
    }
    assert world.shown[WOO, "mug", ""] == 3


# ------------------------------------------------------------------------------ where orders were booked


def test_a_sale_that_was_booked_at_another_location_is_misplaced_though_the_total_is_right() -> None:
    world = Places(mug={A: 5, B: 5})
    order = world.sold(SHOPIFY, "mug", 1, b=2)
    world.booked(SHOPIFY, order, "mug", 1.1, a=-2)
    judgement = world.judge()
    assert judgement.figures["units_misplaced"] == 2
    assert (judgement.figures["ledger_mismatches"], judgement.figures["orders_double_counted"]) == (0, 0)
    assert judgement.suspects["units_misplaced"] == [f"mug: 2 of shopify order {order}"]
    assert any("another location" in sentence for sentence in judgement.wrong)


def test_a_sale_of_two_locations_that_was_booked_whole_at_one_is_misplaced_in_part() -> None:
    world = Places(mug={A: 5, B: 5})
    order = world.sold(SHOPIFY, "mug", 1, a=5, b=2)
    world.booked(SHOPIFY, order, "mug", 1.1, a=-7)
    assert world.figures()["units_misplaced"] == 2


def test_what_comes_back_to_another_location_belongs_there() -> None:
    world = Places(mug={A: 5, B: 5})
    order = world.sold(SHOPIFY, "mug", 1, a=2)
    world.booked(SHOPIFY, order, "mug", 1.1, a=-2)
    world.move(SHOPIFY, "mug", B, 2, 1, cause="refund", order=order)
    world.moved("mug", A, 2.1, 1, shop=SHOPIFY, order=order)
    assert world.figures()["units_misplaced"] == 1
    world.moved("mug", A, 2.2, -1, shop=SHOPIFY, order=order)
    world.moved("mug", B, 2.2, 1, shop=SHOPIFY, order=order)
    assert world.figures()["units_misplaced"] == 0


def test_the_components_of_a_bundle_belong_to_where_it_was_sold() -> None:
    world = Places(SET, cup={A: 9, B: 9}, pot={A: 9, B: 9})
    order = world.sold(SHOPIFY, "set", 1, b=1)
    world.booked(SHOPIFY, order, "set", 1.1, a=-1)
    assert world.figures()["units_misplaced"] == 3


def test_units_that_were_booked_nowhere_or_twice_are_not_misplaced_but_wrong_otherwise() -> None:
    world = Places(mug={A: 5, B: 5}, cup={A: 5, B: 5})
    world.booked(SHOPIFY, world.sold(SHOPIFY, "mug", 1, a=2), "mug", 1.1)
    world.booked(SHOPIFY, world.sold(SHOPIFY, "cup", 1, a=1), "cup", 1.1, a=-1, b=-1)
    figures = world.figures()
    assert (figures["units_misplaced"], figures["ledger_mismatches"]) == (0, 2)
    assert figures["orders_double_counted"] == 1


def test_from_where_a_shop_without_locations_sells_is_for_the_product_to_choose() -> None:
    world = Places(mug={A: 5, B: 5})
    world.booked(WOO, world.sold(WOO, "mug", 1, a=1), "mug", 1.1, b=-1)
    world.published(1.3)
    assert world.judge().wrong == ()


# ------------------------------------------------------------------------------- numbers at the end


def test_a_wrong_number_diverges_though_the_other_location_makes_up_for_it() -> None:
    world = Places(mug={A: 5, B: 5})
    world.shown[SHOPIFY, "mug", A] = 4
    world.shown[SHOPIFY, "mug", B] = 6
    judgement = world.judge()
    assert judgement.figures["listings_diverged"] == 1
    assert judgement.suspects["listings_diverged"] == [
        "shopify mug a: shows 4, ledger has 5",
        "shopify mug b: shows 6, ledger has 5",
    ]
    assert judgement.figures["listings_above_truth"] == 0


def test_a_number_for_all_locations_is_their_sum() -> None:
    world = Places(mug={A: 5, B: 5})
    world.shown[WOO, "mug", ""] = 5
    assert world.judge().suspects["listings_diverged"] == ["woocommerce mug: shows 5, ledger has 10"]


@pytest.mark.parametrize(("shown", "diverged"), [(3, 0), (5, 1)])
def test_what_is_short_at_one_location_is_kept_back_at_the_other(shown: int, diverged: int) -> None:
    world = Places(mug={A: 5, B: 5})
    world.levels["mug"] = {A: -2, B: 5}
    world.shown |= {(SHOPIFY, "mug", A): 0, (SHOPIFY, "mug", B): shown, (WOO, "mug", ""): 3}
    assert world.figures()["listings_diverged"] == diverged


@pytest.mark.parametrize(
    ("cup", "pot", "woo"),
    [
        ({A: 4, B: 0}, {A: 0, B: 2}, 0),  # no location has both
        ({A: 3, B: 3}, {A: 1, B: 1}, 2),
        ({A: 4, B: -4}, {A: 9, B: 9}, 0),  # those of a have to go to b's buyers
        ({A: 5, B: -1}, {A: 9, B: 9}, 2),
    ],
)
def test_a_bundle_is_made_of_what_lies_in_one_place(
    cup: Mapping[str, int], pot: Mapping[str, int], woo: int
) -> None:
    world = Places(SET, cup={A: 9, B: 9}, pot={A: 9, B: 9})
    world.levels = {"cup": dict(cup), "pot": dict(pot)}
    world.published(5)
    world.shown[WOO, "set", ""] = woo
    assert world.figures()["listings_diverged"] == 0
    world.shown[WOO, "set", ""] = woo + 1
    assert world.figures()["listings_diverged"] == 1


def test_a_number_that_was_never_linked_at_its_location_diverges() -> None:
    world = Places(mug={A: 5, B: 5})
    world.cells = [cell for cell in world.cells if cell.location != B]
    assert world.figures()["listings_diverged"] == 1


def test_numbers_that_are_more_in_all_than_is_left_are_above_truth() -> None:
    world = Places(SET, cup={A: 5, B: 5}, pot={A: 9, B: 9})
    world.shown[SHOPIFY, "cup", B] = 6
    world.shown[WOO, "set", ""] = 6
    judgement = world.judge()
    assert judgement.figures["listings_above_truth"] == 2
    assert judgement.suspects["listings_above_truth"] == [
        "shopify cup: shows 11, 10 are left",
        "woocommerce set: shows 6, 5 are left",
    ]
    assert any("together" in sentence for sentence in judgement.wrong)


def test_numbers_of_a_ledger_that_lost_an_edit_are_not_judged_a_second_time() -> None:
    world = Places(mug={A: 5, B: 5})
    world.move(WOO, "mug", "", 2, -3, cause="merchant")
    world.put(WOO, "mug", "", 3)
    figures = world.figures()
    assert (figures["edits_lost"], figures["listings_above_truth"]) == (1, 0)


# -------------------------------------------------------------------------------- numbers on the way


def test_a_number_of_one_location_above_what_is_left_there_is_above_truth() -> None:
    world = Places(mug={A: 5, B: 5})
    world.sold(SHOPIFY, "mug", 1, b=4)
    world.put(SHOPIFY, "mug", B, 5, 2)
    judgement = world.judge()
    assert judgement.figures["writes_above_truth"] == 1
    assert judgement.suspects["writes_above_truth"] == ["mug: shopify 1->2 at 00:00:05.000, 1 were left"]


@pytest.mark.parametrize(("at", "above"), [(2.9, 0), (5.0, 1)])
def test_the_product_need_not_know_of_it_at_once(at: float, above: int) -> None:
    world = Places(mug={A: 5, B: 5})
    world.sold(SHOPIFY, "mug", 1, b=4)
    world.put(SHOPIFY, "mug", B, at, 5)
    assert world.figures()["writes_above_truth"] == above


def test_what_another_shop_sold_may_have_been_taken_from_any_location() -> None:
    world = Places(mug={A: 5, B: 5})
    world.sold(WOO, "mug", 1, a=4)
    world.put(SHOPIFY, "mug", A, 5, 5)
    world.put(SHOPIFY, "mug", B, 5, 5)
    assert world.figures()["writes_above_truth"] == 0
    world.sold(WOO, "mug", 6, a=2)  # four are left anywhere
    world.put(SHOPIFY, "mug", B, 9, 5)
    assert world.figures()["writes_above_truth"] == 1


def test_what_was_found_at_one_location_is_at_no_other() -> None:
    world = Places(mug={A: 5, B: 5})
    world.move(SHOPIFY, "mug", A, 1, 3, cause="merchant")
    world.put(SHOPIFY, "mug", A, 5, 8)
    assert world.figures()["writes_above_truth"] == 0
    world.put(SHOPIFY, "mug", B, 5, 6)
    assert world.figures()["writes_above_truth"] == 1


def test_what_was_found_in_a_shop_without_locations_may_be_at_any() -> None:
    world = Places(mug={A: 5, B: 5})
    world.move(WOO, "mug", "", 1, 3, cause="merchant")
    world.put(SHOPIFY, "mug", B, 5, 8)
    assert world.figures()["writes_above_truth"] == 0
    world.put(SHOPIFY, "mug", B, 6, 9)
    assert world.figures()["writes_above_truth"] == 1


def test_a_bundle_is_above_truth_where_a_component_of_it_is_not() -> None:
    world = Places(SET, cup={A: 8}, pot={A: 9, B: 9})
    world.put(SHOPIFY, "set", B, 5, 1)
    judgement = world.judge()
    assert judgement.suspects["writes_above_truth"] == [
        "cup in set: shopify 0->1 at 00:00:05.000, 0 were left"
    ]


@pytest.mark.parametrize(("booked_at", "above"), [(A, 1), (B, 0)])
def test_a_correction_is_known_once_it_was_booked_for_its_own_location(booked_at: str, above: int) -> None:
    world = Places(mug={A: 5, B: 5})
    world.move(SHOPIFY, "mug", A, 1, -4, cause="merchant")
    world.moved("mug", booked_at, 1.5, -4, shop=SHOPIFY)
    world.put(SHOPIFY, "mug", A, 5, 5)
    assert world.figures()["writes_above_truth"] == above


# ---------------------------------------------------------------------------------------- overselling


@pytest.mark.parametrize(("written", "unexplained"), [({A: 0}, 0), ({A: 0, B: 1}, 2)])
def test_a_sale_elsewhere_has_arrived_once_all_locations_together_know_of_it(
    written: Mapping[str, int], unexplained: int
) -> None:
    """Of four the other shop sold three: a lowered number of one location alone may leave too many."""
    world = Places(mug={A: 2, B: 3})
    world.sold(WOO, "mug", 1, a=4)
    for location, number in written.items():
        world.put(SHOPIFY, "mug", location, 1.3, number)
    world.shown[SHOPIFY, "mug", B] = 3  # whatever put it up again
    world.sold(SHOPIFY, "mug", 1.5, b=3)
    figures = world.figures()
    assert (figures["units_oversold"], figures["oversold_unexplained"]) == (2, unexplained)


def test_a_sale_at_another_location_of_the_same_shop_explains_nothing() -> None:
    world = Places(mug={A: 1, B: 1})
    world.sold(SHOPIFY, "mug", 1, a=2)
    world.sold(SHOPIFY, "mug", 1.1, b=1)
    figures = world.figures()
    assert (figures["units_oversold"], figures["oversold_unexplained"]) == (1, 1)


def test_a_sale_has_propagated_once_all_locations_together_show_no_more_than_is_left() -> None:
    world = Places(mug={A: 5, B: 5})
    world.sold(WOO, "mug", 10, a=7)
    world.put(SHOPIFY, "mug", A, 10.2, 0)
    world.put(SHOPIFY, "mug", B, 10.9, 3)
    assert world.figures()["propagation_ms"]["max"] == 900.0


def test_a_sale_has_to_propagate_though_no_location_alone_shows_more_than_is_left() -> None:
    world = Places(mug={A: 5, B: 5})
    world.sold(WOO, "mug", 10, a=1)
    world.put(SHOPIFY, "mug", A, 10.4, 4)
    assert world.figures()["propagation_ms"]["max"] == 400.0


# -------------------------------------------------------------------------------------------- traffic


def test_a_sale_at_one_location_needs_a_write_in_the_other_shop_only() -> None:
    world = Places(mug={A: 5, B: 5})
    world.moved("mug", B, 10, -1, shop=SHOPIFY, order="1")
    assert world.figures()["push_calls_floor"] == 1


def test_a_shortage_needs_a_write_at_the_other_location_too() -> None:
    world = Places(mug={A: 5, B: 5})
    world.moved("mug", B, 5, 0, shop=SHOPIFY)  # so that the ledger tells what lies there
    world.moved("mug", A, 10, -7, shop=SHOPIFY, order="1")
    assert world.figures()["push_calls_floor"] == 2


def test_each_location_is_read_by_itself() -> None:
    """Polls and sweeps read a page of each, and look for one more; nothing else is read more often."""
    one, two = World(mug=5), Places(mug={A: 5, B: 5})
    polls, sweeps = 3, 1
    more = two.figures()["quiet_reads_scheduled"] - one.figures()["quiet_reads_scheduled"]
    assert more == polls * (1 + 2) + sweeps * 2
