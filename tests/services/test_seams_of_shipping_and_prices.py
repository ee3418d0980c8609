"""Where shipping and prices meet with other transactions, with links that go, and with what is erased."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import text

from app.services import linking
from app.services.prices import listings
from app.services.uow import unit_of_work
from tests.services.price_shops import Prices
from tests.services.threads import in_threads
from tests.services.world import World


def wait_for_waiting(world: World, sessions: int) -> None:
    """Until so many of the database's sessions wait for a lock."""
    give_up = time.monotonic() + 10
    query = "SELECT count(*) AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    while world.one(query).n < sessions:
        assert time.monotonic() < give_up, "nobody waits"
        time.sleep(0.02)


# ------------------------------------------------------------------------------------------------- prices


@pytest.mark.parametrize("how", ["fix", "decide"])
def test_a_price_set_by_hand_while_the_rule_is_changed_waits_its_turn(prices: Prices, how: str) -> None:
    """The rule's row before the prices' rows, everywhere: else each holds what the other waits for."""
    prices.switch_on()
    prices.world.sql("UPDATE listing_prices SET state = 'failed'")
    account, listing = prices.world.account_id, prices.listing("A")

    def by_hand() -> None:
        if how == "fix":
            listings.fix_price(account, listing, 1234, actor="user:1")
        else:
            listings.decide(account, listing, listings.Choice.OURS, actor="user:1")

    with unit_of_work() as uow:  # as `set_rule` and `apply` go
        uow.session.execute(text("SELECT id FROM price_syncs FOR NO KEY UPDATE"))

        def then_the_prices() -> None:
            wait_for_waiting(prices.world, 1)
            uow.session.execute(text("SELECT id FROM listing_prices ORDER BY listing_id FOR NO KEY UPDATE"))
            uow.commit()

        in_threads(by_hand, then_the_prices)
    assert prices.row("A").dirty


def test_a_price_that_is_still_to_be_written_is_not_once_its_listing_is_unlinked(prices: Prices) -> None:
    prices.switch_on()
    listings.fix_price(prices.world.account_id, prices.listing("A"), 1234, actor="user:1")
    linking.unlink(prices.world.account_id, prices.listing("A"), actor="user:1")
    prices.drain()
    assert prices.shop.prices()["A"] == "10.00"


def test_of_a_listing_that_is_unlinked_no_event_stays_open(prices: Prices) -> None:
    prices.switch_on()
    listing = prices.listing("A")
    prices.world.sql("UPDATE listing_prices SET state = 'failed' WHERE listing_id = :l", l=listing)
    prices.set_base(B=1100)
    prices.drain()
    assert prices.open_events() == {"prices_refused"}
    linking.unlink(prices.world.account_id, listing, actor="user:1")
    assert prices.open_events() == set()
