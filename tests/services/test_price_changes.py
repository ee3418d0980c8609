"""Prices that somebody changes at the shop, and changes that are too many at once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.errors import Conflict
from app.services import importer, work
from app.services.prices import brake, drain, listings, rules
from app.services.prices.listings import Choice
from tests.services.price_shops import Prices

HOUR = timedelta(hours=1, minutes=1)


# ------------------------------------------------------------------------------ changed at the shop by others


def test_a_price_changed_at_the_shop_is_told_of_and_written_over_an_hour_later(prices: Prices) -> None:
    prices.switch_on()
    prices.shop.retype("A", "8.00")
    prices.read_catalog()
    assert (prices.row("A").state, prices.row("A").shop_minor) == ("changed", 800)
    assert prices.open_events() == {"prices_changed"}
    prices.drain()
    assert prices.shop.prices()["A"] == "8.00"
    prices.age(HOUR)
    prices.drain()
    assert prices.shop.prices()["A"] == "10.00"
    assert prices.row("A").state == "active"
    assert prices.open_events() == set()


def test_a_product_that_its_shop_reports_is_read_and_a_changed_price_is_seen(prices: Prices) -> None:
    prices.switch_on()
    prices.shop.retype("A", "8.00")
    prices.shop.retype("C", "10.00")
    prices.world.sql("UPDATE listings SET seen_at = seen_at - interval '1 hour'")
    products = prices.world.rows("SELECT DISTINCT external_product_id AS id FROM listings")
    with work.work_on(prices.connection, states=("active",)) as job:
        assert job is not None
        assert importer.refresh_products(job, {row.id: False for row in products}) == {}
    assert {sku: prices.row(sku).state for sku in "ABC"} == {"A": "changed", "B": "active", "C": "active"}


def test_what_was_typed_since_the_last_look_is_seen_before_it_is_written_over(prices: Prices) -> None:
    prices.switch_on()
    prices.shop.retype("A", "8.00")
    prices.set_base(A=1100)
    prices.drain()
    assert (prices.shop.prices()["A"], prices.row("A").state) == ("8.00", "changed")
    assert prices.open_events() == {"prices_changed"}


def test_a_change_that_is_taken_back_is_over(prices: Prices) -> None:
    prices.switch_on()
    prices.shop.retype("A", "8.00")
    prices.read_catalog()
    prices.shop.retype("A", "10.00")
    prices.read_catalog()
    prices.drain()
    assert prices.row("A").state == "active"
    assert prices.shop.writes() == []
    assert prices.open_events() == set()


def contest(prices: Prices) -> None:
    """A program at the shop puts its own price back after each of our writes."""
    for _time in range(10):
        prices.shop.retype("A", "8.00")
        prices.read_catalog()
        prices.drain()
        prices.age(HOUR)
        prices.drain()


def test_who_keeps_putting_his_own_price_back_stops_that_price_and_nothing_else(prices: Prices) -> None:
    prices.switch_on()
    contest(prices)
    assert prices.shop.writes() == [("A", "10.00")] * 2
    assert prices.row("A").state == "contested"
    assert prices.open_events() == {"prices_contested"}
    prices.set_base(A=1100, B=1100)
    prices.drain()
    assert prices.shop.prices() == {"A": "8.00", "B": "11.00", "C": "10.00"}


@pytest.mark.parametrize(("choice", "shown"), [(Choice.OURS, "10.00"), (Choice.SHOP, "8.00")])
def test_a_person_decides_whose_price_is_right(prices: Prices, choice: Choice, shown: str) -> None:
    prices.switch_on()
    contest(prices)
    account, listing = prices.world.account_id, prices.listing("A")
    listings.decide(account, listing, choice, actor="user:1")
    prices.drain()
    assert prices.shop.prices()["A"] == shown
    assert prices.row("A").state == "active"
    assert prices.open_events() == set()
    with pytest.raises(Conflict):
        listings.decide(account, listing, choice, actor="user:1")


def test_changes_long_apart_have_nothing_to_do_with_each_other(prices: Prices) -> None:
    prices.switch_on()
    for _week in range(4):
        prices.shop.retype("A", "8.00")
        prices.read_catalog()
        prices.age(timedelta(days=8))
        prices.drain()
        assert prices.shop.prices()["A"] == "10.00"


# -------------------------------------------------------------------------------------------------- the brake


@pytest.fixture
def many(prices: Prices) -> Prices:
    """Sells thirty more."""
    for number in range(10):
        prices.shop.sell(*(f"M{number}-{n}" for n in range(3)))
    prices.read_catalog()
    prices.switch_on()
    return prices


def test_a_slip_in_the_factor_writes_nothing_before_a_person_has_looked(many: Prices) -> None:
    many.set_rule(factor="10")
    many.drain()
    many.drain()
    assert many.shop.writes() == []
    assert many.sync().braked_at is not None
    assert many.open_events() == {"price_brake"}
    rules.release_brake(many.world.account_id, many.connection, actor="user:1")
    many.drain()
    assert set(many.shop.prices().values()) == {"100.00"}
    assert many.open_events() == set()


def test_it_stops_before_the_first_of_too_many_is_written(
    many: Prices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drain, "READ_AT_A_TIME", 4)
    many.set_rule(factor="2")
    many.drain()
    assert many.shop.writes() == []
    assert many.sync().braked_at is not None


def test_a_slip_that_comes_while_prices_are_read_is_noticed_too(many: Prices) -> None:
    many.set_rule(factor="1.1")
    many.shop.wire.after_read.append(lambda: many.set_rule(factor="10"))
    many.drain()
    assert many.shop.writes() == []
    assert many.open_events() == {"price_brake"}


def test_few_large_changes_and_many_small_ones_are_no_slip(many: Prices) -> None:
    many.set_rule(factor="1.2")
    many.drain()
    many.set_base(A=5000, B=5000)
    many.drain()
    assert set(many.shop.prices().values()) == {"12.00", "60.00"}


def test_large_changes_one_by_one_are_counted_over_an_hour(many: Prices) -> None:
    allowed = max(brake.ALWAYS_ALLOWED, 33 * 20 // 100)
    skus = [sku for sku in many.shop.prices() if sku.startswith("M")]
    for sku in skus[: allowed + 2]:
        many.set_base(**{sku: 5000})
        many.drain()
    assert len(many.shop.writes()) == allowed
    assert many.sync().braked_at is not None


def test_a_price_that_would_be_0_stops_and_asks(many: Prices) -> None:
    many.set_rule(factor="0.0001", brake_change_percent=1000)
    many.drain()
    assert many.shop.writes() == []
    assert many.open_events() == {"price_brake"}


def test_switching_off_takes_the_brake_off(many: Prices) -> None:
    many.set_rule(factor="10")
    many.drain()
    many.set_rule(enabled=False)
    assert many.open_events() == set()
    with pytest.raises(Conflict):
        rules.release_brake(many.world.account_id, many.connection, actor="user:1")
