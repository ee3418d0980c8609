"""Scenarios: who buys what, what is taken back, and how much stock there is for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import pytest

from syncflow.trial.generated import generated
from syncflow.trial.invoices import InvalidOrderFile, Invoice, InvoiceLine
from syncflow.trial.replay import from_invoices
from syncflow.trial.scenario import SHOPS, Buy, FollowUp, Line, MerchantEdit, Scenario, Sequel, Wishes


def invoice(number: str, customer: str, **units: int) -> Invoice:
    lines = tuple(InvoiceLine(sku, sku.title(), quantity, 250) for sku, quantity in units.items())
    return Invoice(number, customer, lines, cancels=number.startswith("C"))


def replay(*invoices: Invoice, count: int | None = None, skus: int | None = None, seed: int = 1) -> Scenario:
    sales = sum(not invoice.cancels for invoice in invoices)
    return from_invoices(lambda: iter(invoices), Wishes(count=count or sales, rate=10, seed=seed, skus=skus))


def buys(scenario: Scenario) -> list[Buy]:
    return [timed.action for timed in scenario.actions if isinstance(timed.action, Buy)]


def follow_ups(scenario: Scenario) -> list[FollowUp]:
    return [timed.action for timed in scenario.actions if isinstance(timed.action, FollowUp)]


def test_the_same_seed_gives_the_same_scenario_and_another_seed_another() -> None:
    wishes = [Wishes(count=50, rate=10, seed=seed, edits=True) for seed in (7, 7, 8)]
    first, again, other = (generated(wish, skus=40) for wish in wishes)
    assert first == again
    assert first.actions != other.actions


def test_orders_come_at_a_steady_rate_and_in_both_shops() -> None:
    scenario = generated(Wishes(count=40, rate=20, seed=1), skus=30)
    times = [timed.at_seconds for timed in scenario.actions if isinstance(timed.action, Buy)]
    assert times == pytest.approx([order / 20 for order in range(40)])
    assert {buy.shop for buy in buys(scenario)} == set(SHOPS)
    assert all(earlier.at_seconds <= later.at_seconds for earlier, later in pairwise(scenario.actions))


def test_a_file_is_played_again_until_there_are_enough_orders() -> None:
    scenario = replay(invoice("1", "a", x=1), invoice("2", "b", y=2), count=5)
    assert [buy.order for buy in buys(scenario)] == [0, 1, 2, 3, 4]
    assert [buy.lines[0].sku for buy in buys(scenario)] == ["x", "y", "x", "y", "x"]


def test_a_file_without_a_sale_is_refused() -> None:
    with pytest.raises(InvalidOrderFile):
        replay(invoice("C1", "a", x=1), count=1)


def test_a_cancellation_of_part_of_a_sale_is_a_refund_in_the_shop_of_the_sale() -> None:
    scenario = replay(invoice("1", "a", x=5, y=1), invoice("C2", "a", x=2), invoice("3", "b", z=1))
    [refund] = follow_ups(scenario)
    assert (refund.kind, refund.order, refund.lines) == (Sequel.REFUND, 0, (Line("x", 2),))
    assert refund.shop == buys(scenario)[0].shop
    assert scenario.tally["cancelled_lines_matched"] == 1


def test_a_cancellation_of_all_of_a_sale_cancels_it() -> None:
    scenario = replay(invoice("1", "a", x=5, y=1), invoice("C2", "a", x=5, y=1), invoice("3", "b", z=1))
    [cancel] = follow_ups(scenario)
    assert (cancel.kind, cancel.order, cancel.lines) == (Sequel.CANCEL, 0, ())


def test_a_second_part_of_a_cancellation_is_a_refund_of_what_is_left() -> None:
    scenario = replay(
        invoice("1", "a", x=5), invoice("C2", "a", x=2), invoice("C3", "a", x=3), invoice("4", "b", z=1)
    )
    assert [(f.kind, f.lines) for f in follow_ups(scenario)] == [
        (Sequel.REFUND, (Line("x", 2),)),
        (Sequel.REFUND, (Line("x", 3),)),
    ]


def test_a_cancellation_reaches_back_over_several_sales_latest_first() -> None:
    scenario = replay(
        invoice("1", "a", x=5, y=1),
        invoice("2", "a", x=2, y=1),
        invoice("C3", "a", x=4),
        invoice("4", "b", z=1),
    )
    assert {(f.order, f.lines) for f in follow_ups(scenario)} == {(1, (Line("x", 2),)), (0, (Line("x", 2),))}


def test_cancellations_without_a_sale_are_counted() -> None:
    scenario = replay(
        invoice("1", "a", x=5),
        invoice("2", "", y=5),
        invoice("C3", "a", x=7, z=1),  # more than was bought, and what was never bought
        invoice("C4", "other", x=1),  # somebody else
        invoice("C5", "", y=1),  # nobody knows who
        invoice("6", "b", z=1),
    )
    assert scenario.tally == {
        "cancelled_lines_partly_matched": 1,
        "cancelled_lines_unmatched": 3,
        "codes_differing_in_case": 0,
    }


def test_a_cancellation_does_not_reach_back_into_the_round_before() -> None:
    scenario = replay(invoice("C0", "a", x=1), invoice("1", "a", x=1), count=3)
    assert follow_ups(scenario) == []
    assert scenario.tally["cancelled_lines_unmatched"] == 3


def test_a_wished_size_limits_or_fills_the_catalog() -> None:
    invoices = (invoice("1", "a", x=1, y=1, z=1), invoice("2", "a", z=1, x=1))
    small = replay(*invoices, skus=2)
    assert [item.sku for item in small.catalog] == ["x", "y"]
    assert small.tally["outside_the_catalog"] == 2
    assert [[line.sku for line in buy.lines] for buy in buys(small)] == [["x", "y"], ["x"]]
    assert len({item.sku for item in replay(*invoices, skus=9).catalog}) == 9


def test_codes_that_differ_only_in_case_are_different_skus_and_counted() -> None:
    scenario = replay(invoice("1", "a", x=1, X=1, y=1))
    assert [item.sku for item in scenario.catalog] == ["x", "X", "y"]
    assert scenario.tally["codes_differing_in_case"] == 2


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("edits", [False, True])
def test_a_tenth_of_the_skus_runs_out_if_nobody_is_refused(seed: int, *, edits: bool) -> None:
    scenario = generated(Wishes(count=600, rate=20, seed=seed, edits=edits), skus=200)
    short = ran_out(scenario)
    assert 0.1 <= len(short) / 200 <= 0.3
    assert any(item.opening > 0 for item in scenario.catalog if item.sku in short)


def test_a_sku_that_is_bought_only_once_can_run_out_too() -> None:
    scenario = replay(*(invoice(str(n), "a", **{f"sku{n}": 3}) for n in range(20)))
    assert len(ran_out(scenario)) == 3


def test_edits_keep_to_one_shop_per_sku() -> None:
    scenario = generated(Wishes(count=400, rate=4, seed=3, edits=True), skus=10)
    shops: dict[str, set[str]] = {}
    for timed in scenario.actions:
        if isinstance(timed.action, MerchantEdit):
            shops.setdefault(timed.action.sku, set()).add(timed.action.shop)
    assert len(shops) > 5
    assert all(len(where) == 1 for where in shops.values())


def test_every_kind_of_sequel_follows_its_order() -> None:
    scenario = generated(Wishes(count=500, rate=20, seed=2), skus=50)
    placed: dict[int, Buy] = {}
    kinds: Counter[Sequel] = Counter()
    for timed in scenario.actions:
        if isinstance(timed.action, Buy):
            placed[timed.action.order] = timed.action
        elif isinstance(timed.action, FollowUp):
            assert timed.action.shop == placed[timed.action.order].shop
            kinds[timed.action.kind] += 1
            assert (timed.action.kind is Sequel.PAY) == (not placed[timed.action.order].paid)
    assert set(kinds) == set(Sequel)


def test_some_products_come_in_variants() -> None:
    products = Counter(item.product for item in generated(Wishes(1, 1, 1), skus=120).catalog)
    assert sorted(Counter(products.values()).items()) == [(1, 111), (3, 3)]


def ran_out(scenario: Scenario) -> set[str]:
    stock = {item.sku: item.opening for item in scenario.catalog}
    assert all(quantity >= 0 for quantity in stock.values())
    empty: set[str] = set()
    for line in lines_bought(scenario):
        stock[line.sku] -= line.quantity
        if stock[line.sku] <= 0:
            empty.add(line.sku)
    return empty


def lines_bought(scenario: Scenario) -> Iterator[Line]:
    for buy in buys(scenario):
        yield from buy.lines
