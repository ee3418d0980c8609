"""Prices in shops, over real HTTP: written by the rule once it is applied, and in no other way."""

from __future__ import annotations

import time
from datetime import timedelta
from functools import partial

import pytest

from app.errors import Conflict, InvalidInput, NotFound
from app.services import connections as connections_service
from app.services import linking, publishing, sweeper
from app.services.matching import take_turns
from app.services.prices import base, drain, listings, preview, rules
from app.services.prices.preview import Change
from app.services.uow import unit_of_work
from tests.services.price_shops import Prices
from tests.services.test_scale import statements
from tests.services.threads import in_threads
from tests.services.world import new_account

HOUR = timedelta(hours=1)


# ------------------------------------------------------------------------------------------- off, preview, on


def test_nothing_is_written_unless_it_is_switched_on_and_applied(prices: Prices) -> None:
    prices.set_base(A=1200)
    prices.drain()
    prices.set_rule(factor="2")
    prices.set_base(A=1300)
    sweeper.sweep()
    prices.drain()
    assert prices.shop.writes() == []
    assert prices.sync().state == "preview"


def test_a_preview_shows_what_would_change_and_apply_writes_just_that(prices: Prices) -> None:
    prices.set_base(A=1200, B=900)
    prices.set_rule()
    account = prices.world.account_id
    shown = {row.sku: row for row in preview.preview(account, prices.connection, 0, 10)}
    assert {sku: (row.shop_minor, row.new_minor, row.change) for sku, row in shown.items()} == {
        "A": (1000, 1200, Change.RAISED),
        "B": (1000, 900, Change.LOWERED),
        "C": (1000, 1000, Change.UNCHANGED),
    }
    found = preview.summary(account, prices.connection)
    assert (found.raised, found.lowered, found.unchanged, found.cannot, found.large) == (1, 1, 1, 0, 0)
    rules.apply(account, prices.connection, prices.sync().version, actor="user:1")
    prices.drain()
    assert sorted(prices.shop.writes()) == [("A", "12.00"), ("B", "9.00")]
    assert prices.shop.prices() == {"A": "12.00", "B": "9.00", "C": "10.00"}


def test_only_the_rule_that_was_seen_is_applied(prices: Prices) -> None:
    prices.set_rule()
    seen = prices.sync().version
    prices.set_rule(factor="3")
    for version in (seen, 99):
        with pytest.raises(Conflict):
            rules.apply(prices.world.account_id, prices.connection, version, actor="user:1")
    assert prices.sync().state == "preview"


def test_pages_of_a_preview_follow_each_other_and_can_be_of_one_kind(prices: Prices) -> None:
    prices.set_base(A=1200, C=1100)
    prices.set_rule()
    account = prices.world.account_id
    first = preview.preview(account, prices.connection, 0, 1)
    rest = preview.preview(account, prices.connection, first[0].listing_id, 10)
    assert [row.sku for row in (*first, *rest)] == ["A", "B", "C"]
    raised = preview.preview(account, prices.connection, 0, 10, change=Change.RAISED)
    assert [row.sku for row in raised] == ["A", "C"]
    with pytest.raises(NotFound):
        preview.preview(new_account(), prices.connection, 0, 10)


def test_switched_off_nothing_is_written_any_more(prices: Prices) -> None:
    prices.switch_on()
    prices.set_rule(enabled=False)
    prices.set_base(A=1100)
    prices.drain()
    assert prices.shop.writes() == []


# ------------------------------------------------------------------------------------ what prices follow from


def test_a_base_price_reaches_the_shop_once_and_its_echo_changes_nothing(prices: Prices) -> None:
    prices.switch_on()
    prices.set_base(A=1150)
    prices.drain()
    for _echo in range(2):
        prices.read_catalog()
        prices.drain()
    assert prices.shop.writes() == [("A", "11.50")]
    assert not prices.row("A").dirty
    assert prices.open_events() == set()


def test_a_rule_that_is_on_and_changes_is_written(prices: Prices) -> None:
    prices.switch_on()
    prices.set_rule(factor="1.1", rounding="ending", rounding_minor=95, direction="up")
    prices.drain()
    assert prices.shop.prices() == {"A": "11.95", "B": "11.95", "C": "11.95"}


def test_a_base_price_in_another_currency_needs_a_rate(prices: Prices) -> None:
    account = prices.world.account_id
    base.set_base_price(account, base.BasePrice(prices.variant("A"), 1000, "KWD"), actor="user:1")
    prices.switch_on()
    assert (prices.row("A").problem, prices.row("A").dirty) == ("no_rate", False)
    assert preview.summary(account, prices.connection).problems == {"no_rate": 1}
    prices.set_rule(rates={"KWD": "3.25"}, brake_change_percent=1000)
    prices.drain()
    assert prices.shop.prices()["A"] == "3.25"
    assert prices.row("A").problem == ""


def test_a_pack_costs_as_many_units_as_it_holds(prices: Prices) -> None:
    prices.switch_on()
    publishing.configure_listing(prices.world.account_id, prices.listing("A"), {"factor": 6}, actor="user:1")
    prices.drain()
    assert prices.shop.prices()["A"] == "60.00"


def test_a_fixed_price_goes_before_the_rule_until_it_is_taken_away(prices: Prices) -> None:
    prices.switch_on()
    account, listing = prices.world.account_id, prices.listing("A")
    listings.fix_price(account, listing, 777, actor="user:1")
    prices.set_base(A=1200)
    prices.drain()
    assert prices.shop.prices()["A"] == "7.77"
    listings.fix_price(account, listing, None, actor="user:1")
    prices.drain()
    assert prices.shop.prices()["A"] == "12.00"
    with pytest.raises(InvalidInput):
        listings.fix_price(account, listing, 0, actor="user:1")
    with pytest.raises(NotFound):
        listings.fix_price(new_account(), listing, 5, actor="user:1")


def test_a_listing_that_comes_later_or_is_linked_anew_follows_too(prices: Prices) -> None:
    prices.switch_on(factor="1.1")
    prices.shop.sell("D")
    prices.read_catalog()
    prices.drain()
    assert prices.shop.prices()["D"] == "11.00"
    prices.set_base(B=500)
    linking.link(prices.world.account_id, prices.listing("D"), prices.variant("B"), actor="user:1")
    prices.world.sql("UPDATE price_syncs SET agreed_until = now() + interval '1 hour'")
    prices.drain()
    assert prices.shop.prices()["D"] == "5.50"


def test_a_price_that_would_be_nothing_is_never_written(prices: Prices) -> None:
    prices.world.sql("UPDATE variants SET price_minor = 0 WHERE sku = 'A'")
    prices.switch_on()
    assert prices.row("A").problem == "would_be_zero"
    assert prices.shop.prices()["A"] == "10.00"


def test_what_the_shop_sells_without_a_price_gets_none(prices: Prices) -> None:
    if prices.shop.platform.slug == "shopify":
        pytest.skip("Shopify's variants all have a price")
    prices.shop.retype("A", "")
    prices.switch_on()
    assert (prices.row("A").problem, prices.shop.prices()["A"]) == ("not_priced", "")
    prices.shop.retype("A", "8.00")
    prices.read_catalog()
    prices.drain()
    assert prices.shop.prices()["A"] == "10.00"


# ---------------------------------------------------------------------------------------- base prices by hand


def test_base_prices_are_set_all_or_none(prices: Prices) -> None:
    account, a = prices.world.account_id, prices.variant("A")
    wrong = [
        base.BasePrice(a, 0),
        base.BasePrice(a, -5),
        base.BasePrice(a, 10**13),
        base.BasePrice(a, 5, "eur"),
        base.BasePrice(a + 1_000_000, 5),
    ]
    for one in wrong:
        with pytest.raises(base.InvalidPrices) as caught:
            base.set_base_prices(account, [base.BasePrice(prices.variant("B"), 700), one], actor="user:1")
        assert list(caught.value.errors) == [str(one.variant_id)]
    with pytest.raises(base.InvalidPrices):
        base.set_base_prices(account, [base.BasePrice(a, 1), base.BasePrice(a, 2)], actor="user:1")
    with pytest.raises(NotFound):
        base.set_base_price(new_account(), base.BasePrice(a, 5), actor="user:1")
    assert prices.world.one("SELECT price_minor FROM variants WHERE sku = 'B'").price_minor == 1000
    assert prices.set_base(A=1000, B=1200) == 1, "one of them had this price already"


def test_who_changes_a_base_price_while_it_is_switched_on_is_not_missed(prices: Prices) -> None:
    """Neither sees the other's change before it is committed: one of them has to wait."""
    prices.set_rule()
    version = prices.sync().version
    with unit_of_work() as uow:
        uow.session.execute(
            rules._APPLY, {"connection_id": prices.connection, "version": version, "agreed_for": HOUR}
        )

        def commit_in_a_moment() -> None:
            time.sleep(0.4)
            uow.commit()

        in_threads(commit_in_a_moment, partial(prices.set_base, A=1100))
    prices.drain()
    assert prices.shop.prices()["A"] == "11.00"


def test_who_changes_a_base_price_while_listings_are_linked_waits(prices: Prices) -> None:
    """A link that is not committed yet would not be found among those that follow."""
    order = []
    with unit_of_work() as uow:
        take_turns(uow.session, prices.world.account_id)

        def link_in_a_moment() -> None:
            time.sleep(0.4)
            order.append("linked")
            uow.commit()

        def set_price() -> None:
            prices.set_base(A=1100)
            order.append("priced")

        in_threads(link_in_a_moment, set_price)
    assert order == ["linked", "priced"]


# --------------------------------------------------------------------------------------------- stop and pause


def test_the_kill_switch_and_every_pause_stop_prices(prices: Prices) -> None:
    prices.switch_on()
    prices.set_base(A=1100)
    account = prices.world.account_id
    publishing.stop_writes(account, actor="user:1")
    prices.drain()
    publishing.allow_writes(account, actor="user:1")
    connections_service.pause(account, prices.connection, actor="user:1")
    prices.drain()
    connections_service.resume(account, prices.connection, actor="user:1")
    publishing.configure_listing(account, prices.listing("A"), {"paused": True}, actor="user:1")
    prices.drain()
    assert prices.shop.writes() == []
    publishing.configure_listing(account, prices.listing("A"), {"paused": False}, actor="user:1")
    prices.drain()
    assert prices.shop.writes() == [("A", "11.00")]


def test_writes_that_are_stopped_between_reading_and_writing_stay_unwritten(prices: Prices) -> None:
    prices.switch_on()
    prices.set_base(A=1100)
    stop = partial(publishing.stop_writes, prices.world.account_id, actor="user:1")
    prices.shop.wire.after_read.append(stop)
    prices.drain()
    assert (prices.shop.writes(), prices.row("A").dirty) == ([], True)


# ------------------------------------------------------------------------------------------------------ scale


def test_prices_take_as_many_statements_for_each_thousand_listings(
    prices: Prices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drain, "SLICE_SECONDS", 600.0)
    prices.switch_on(agreed=True)
    costs, sold = [], 0
    for thousands in (1, 2):
        products = [
            {
                "title": f"P{n}",
                "variants": [{"sku": f"S{n}-{i}", "price": "10.00", "stock": 1} for i in range(10)],
            }
            for n in range(sold // 10, thousands * 100)
        ]
        sold = thousands * 1000
        prices.shop.process.do("catalog", {"products": products})
        prices.read_catalog()
        prices.drain()
        prices.world.sql("UPDATE price_syncs SET agreed_until = now() + interval '1 hour'")
        with statements() as setting:
            prices.world.sql("SELECT 1")
            found = prices.world.rows("SELECT id, price_minor FROM variants WHERE sku LIKE 'S%'")
            for start in range(0, len(found), 1000):
                given = [base.BasePrice(r.id, r.price_minor + 100) for r in found[start : start + 1000]]
                base.set_base_prices(prices.world.account_id, given, actor="user:1")
        assert len(setting) <= 2 + 10 * thousands
        with statements() as counted:
            prices.drain()
        costs.append(len(counted))
        dirty = prices.world.one("SELECT count(*) AS n FROM listing_prices WHERE dirty_since IS NOT NULL")
        assert dirty.n == 0
    assert costs[1] - costs[0] < 80
    assert set(prices.shop.prices().values()) == {"10.00", "11.00", "12.00"}
