"""Where shipping and prices meet with other transactions, with links that go, and with what is erased."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text

from app.domain.event_log import EventKind
from app.platforms.base import PrivacyRequest
from app.services import fulfillment_push, fulfillments, linking, privacy, work
from app.services.event_log import clear_events
from app.services.fulfillments import Parcel, create
from app.services.prices import listings
from app.services.uow import unit_of_work
from tests.services.price_shops import Prices
from tests.services.sandboxes import ShopifySandbox, WooSandbox, take_in
from tests.services.test_fulfillments import Shipping, spread
from tests.services.threads import in_threads
from tests.services.world import World

NO_TRACKING = Parcel()


@pytest.fixture
def shopify(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ShopifySandbox]:
    started = ShopifySandbox(tmp_path)
    monkeypatch.setattr(work, "open_channel", lambda _connection_id: started.open())
    yield started
    started.stop()


@pytest.fixture
def woo(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WooSandbox]:
    started = WooSandbox(tmp_path)
    monkeypatch.setattr(work, "open_channel", lambda _connection_id: started.open())
    yield started
    started.stop()


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


# ----------------------------------------------------------------------------------------------- shipping


def test_one_slow_shop_has_one_worker_at_a_time(world: World, woo: WooSandbox) -> None:
    shipping = Shipping(world, woo, 3)
    shipping.enter(key="first")
    other = take_in(world, woo, woo.order((shipping.skus[0], 1)))
    second = create(world.account_id, other, NO_TRACKING, actor="test", key="second")
    states = []

    def another_worker() -> None:
        shipping.drain()
        states.append(shipping.row(second).state)

    woo.wire.before[woo.ship_endpoint] = another_worker
    shipping.drain()
    assert states == ["pending"], "a second worker would be held up by the same shop"
    shipping.drain()
    assert shipping.row(second).state == "sent"


def test_what_a_refused_shipment_left_at_the_shop_is_not_taken_for_another_one(
    world: World, shopify: ShopifySandbox
) -> None:
    shipping = spread(world, shopify)
    first = shipping.enter(2, key="first")
    for _ in range(5):
        shopify.lose(after_effect=False)
        shipping.drain()
        shipping.later()
    shipping.drain()
    assert shipping.row(first).state == "failed"
    second = shipping.enter(key="second")

    one = [{"sku": shipping.skus[0], "quantity": 1}]

    def somebody_ships_the_rest() -> None:
        shopify.control("POST", f"orders/{shipping.external_id}/fulfill", lines=one)

    shopify.wire.after["POST Fulfill"] = lambda: shopify.wire.before.update(
        {"POST Fulfill": somebody_ships_the_rest}
    )
    shipping.drain()
    shipping.later()
    shipping.drain()
    assert shipping.row(second).state == "failed"
    assert [each["units"] for each in shopify.shipped(shipping.external_id)] == [2, 1]
    shipping.retry(first)
    shipping.drain()
    assert shipping.row(first).state == "failed", "its two units never left"


@pytest.mark.parametrize("meanwhile", ["refund", "fulfill"])
def test_woocommerce_is_told_of_no_more_units_than_it_has_open(
    world: World, woo: WooSandbox, meanwhile: str
) -> None:
    shipping = Shipping(world, woo, 3)
    entered = shipping.enter(2)
    lines = [{"sku": shipping.skus[0], "quantity": 2}] if meanwhile == "refund" else None
    woo.control("POST", f"orders/{shipping.external_id}/{meanwhile}", lines=lines)
    shipping.drain()
    assert (shipping.row(entered).state, shipping.told()) == ("failed", 0)
    assert "units fewer open" in shipping.row(entered).error


def test_the_words_of_one_note_are_not_taken_for_another_shipment(world: World, woo: WooSandbox) -> None:
    shipping = Shipping(world, woo, 3)
    first = shipping.enter(1, key="first", parcel=Parcel(carrier="DHL"))
    world.sql("UPDATE fulfillments SET carrier = :c", c=f"Like Shipment {first + 1}:")
    shipping.drain()
    second = shipping.enter(1, key="second", parcel=NO_TRACKING)
    assert second == first + 1
    shipping.drain()
    assert shipping.row(second).state == "sent"
    assert len([n for n in woo.notes(shipping.external_id) if "Shipment" in n["note"]]) == 2


def test_a_shipment_that_fails_while_another_is_retried_is_told_of(world: World, woo: WooSandbox) -> None:
    shipping = Shipping(world, woo, 3)
    first, second = shipping.enter(1, key="first"), shipping.enter(1, key="second")
    claims = []
    for _ in range(2):
        claim = fulfillment_push._claim(woo.connection_id)
        assert claim is not None
        claims.append(claim)
        if claim.id == first:
            fulfillment_push._fail(claim, "refused", "No.")
    subject = fulfillments.subject_of(world.account_id, woo.connection_id, shipping.order_id)
    with unit_of_work() as uow:  # as `retry` goes
        fulfillments._locked(uow.session, world.account_id, first)
        uow.session.execute(fulfillments._RETRY, {"id": first})
        assert not uow.session.execute(fulfillments._ANY_FAILED, {"order_id": shipping.order_id}).scalar_one()

        def go_on() -> None:
            time.sleep(0.4)
            clear_events(uow.session, [(EventKind.FULFILLMENT_FAILED, subject)])
            uow.commit()

        in_threads(partial(fulfillment_push._fail, claims[1], "refused", "No."), go_on)
    assert shipping.row(second).state == "failed"
    assert len(shipping.events()) == 1


@pytest.mark.parametrize("kind", ["redact_customer", "redact_shop"])
def test_an_erasure_and_a_cancellation_at_a_time_both_end(world: World, woo: WooSandbox, kind: str) -> None:
    shipping = Shipping(world, woo, 3)
    entered = shipping.enter()
    world.sql("UPDATE fulfillments SET state = 'failed'")
    world.sql("UPDATE orders SET customer_key = 'k'")
    request = PrivacyRequest(kind=kind, customer_key="k")
    with unit_of_work() as uow:  # as `cancel` begins
        fulfillments._locked_order(uow.session, world.account_id, shipping.order_id)

        def erase() -> None:
            privacy.handle(world.account_id, woo.connection_id, request)

        def go_on() -> None:
            wait_for_waiting(world, 1)
            uow.session.execute(fulfillments._LOCK, {"id": entered})
            uow.session.execute(fulfillments._CANCEL, {"id": entered})
            uow.commit()

        in_threads(erase, go_on)
    assert (shipping.row(entered).state, shipping.row(entered).tracking_number) == ("cancelled", "")


def test_of_an_erased_shop_no_shipment_keeps_its_tracking(world: World, woo: WooSandbox) -> None:
    shipping = Shipping(world, woo, 3)
    entered = shipping.enter()
    request = PrivacyRequest(kind="redact_shop", customer_key=None)
    privacy.handle(world.account_id, woo.connection_id, request)
    found = shipping.row(entered)
    assert (found.state, found.tracking_number, found.tracking_url) == ("cancelled", "", "")
