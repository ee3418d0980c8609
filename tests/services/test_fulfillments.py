"""Shipments that a merchant enters: recorded once, told to the shop once, and booked by its order alone.

The shops are the sandbox's, over real HTTP; a test runs against each of the two unless it names one.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Row

from app.errors import Conflict, InvalidInput, NotFound
from app.platforms.shopify import auth
from app.services import connections, fulfillment_push, publishing, sweeper, work
from app.services.fulfillments import (
    FulfillmentBeingSent,
    NothingToFulfill,
    OrderCancelled,
    Parcel,
    QuantityExceedsOpen,
    UnknownOrderLine,
    cancel,
    create,
    retry,
)
from tests.services.sandboxes import Crash, Sandbox, ShopifySandbox, WooSandbox, connect, take_in
from tests.services.threads import in_threads
from tests.services.world import World

DHL = Parcel(carrier="DHL", tracking_number="00340", tracking_url="https://dhl.example/00340?a=1&b=2")


@pytest.fixture(scope="module")
def shopify_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopifySandbox]:
    started = ShopifySandbox(tmp_path_factory.mktemp("shopify"))
    yield started
    started.stop()


@pytest.fixture(scope="module")
def woo_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WooSandbox]:
    started = WooSandbox(tmp_path_factory.mktemp("woocommerce"))
    yield started
    started.stop()


@pytest.fixture
def sandbox(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    yield from _fresh(request.getfixturevalue(f"{request.param}_process"), monkeypatch)


@pytest.fixture
def shopify(
    world: World, shopify_process: ShopifySandbox, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ShopifySandbox]:
    yield from _fresh(shopify_process, monkeypatch)


@pytest.fixture
def woo(world: World, woo_process: WooSandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[WooSandbox]:
    yield from _fresh(woo_process, monkeypatch)


def _fresh(process: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(work, "open_channel", lambda _connection_id: process.open())
    process.wire.sent.clear()
    yield process
    process.wire.before.clear()
    process.wire.after.clear()


both = pytest.mark.parametrize("sandbox", ["shopify", "woo"], indirect=True)


class Shipping:
    """An order of a connected sandbox shop, and what a merchant does with it."""

    def __init__(self, world: World, sandbox: Sandbox, *quantities: int) -> None:
        self.world, self.sandbox = world, sandbox
        self.skus = [sandbox.stock() for _ in quantities]
        connect(world, sandbox)
        self.external_id = sandbox.order(*zip(self.skus, quantities, strict=True))
        self.order_id = take_in(world, sandbox, self.external_id)
        lines = world.rows("SELECT id FROM order_lines WHERE order_id = :o ORDER BY id", o=self.order_id)
        self.lines = [row.id for row in lines]
        sandbox.wire.sent.clear()

    def enter(self, *units: int, key: str = "k", parcel: Parcel = DHL) -> int:
        """Units of the order's lines, all that is left without."""
        asked = {line: n for line, n in zip(self.lines, units, strict=False) if n} if units else None
        given = replace(parcel, units=asked)
        return create(self.world.account_id, self.order_id, given, actor="test", key=key)

    def drain(self) -> None:
        fulfillment_push.drain(self.sandbox.connection_id)

    def row(self, fulfillment_id: int) -> Row[Any]:
        return self.world.one("SELECT * FROM fulfillments WHERE id = :id", id=fulfillment_id)

    def later(self) -> None:
        """Nothing that was sent can land any more."""
        self.world.sql("UPDATE fulfillments SET next_attempt_at = clock_timestamp()")

    def told(self) -> int:
        """How often the shop was told of a shipment."""
        return self.sandbox.wire.sent.count(self.sandbox.ship_endpoint)

    def fulfilled(self, sku: str) -> list[tuple[int, int]]:
        """(on hand, committed) of each movement that a shipment made."""
        found = [m for m in self.world.movements(sku) if m[0] == "fulfillment"]
        return [(on_hand, committed) for _cause, on_hand, committed in found]

    def events(self) -> list[Row[Any]]:
        query = "SELECT * FROM events WHERE kind = 'fulfillment_failed' AND cleared_at IS NULL"
        return list(self.world.rows(query))

    def cancel(self, fulfillment_id: int) -> None:
        cancel(self.world.account_id, fulfillment_id, actor="test")

    def retry(self, fulfillment_id: int) -> None:
        retry(self.world.account_id, fulfillment_id, actor="test")


# ------------------------------------------------------------------------------------------ all goes well


@both
def test_a_shipment_reaches_the_shop_and_its_order_books_the_stock_once(
    world: World, sandbox: Sandbox
) -> None:
    shipping = Shipping(world, sandbox, 3)
    [sku] = shipping.skus
    entered = shipping.enter()
    assert (world.level(sku), shipping.fulfilled(sku)) == ((20, 3), []), "entering moves no stock"
    shipping.drain()
    row = shipping.row(entered)
    assert (row.state, row.only_noted, row.attempts) == ("sent", False, 1)
    assert sandbox.shipped(shipping.external_id) == [{"units": 3, "number": "00340"}]
    assert sandbox.is_done(shipping.external_id)
    assert world.level(sku) == (17, 0), "the order was fetched again"
    take_in(world, sandbox, shipping.external_id)
    shipping.drain()
    assert shipping.fulfilled(sku) == [(-3, -3)]
    assert shipping.told() == 1
    world.assert_explained()


@both
def test_a_part_and_then_the_rest(world: World, sandbox: Sandbox) -> None:
    shipping = Shipping(world, sandbox, 3, 2)
    first = shipping.enter(1, 2, key="first")
    shipping.drain()
    partial = sandbox.platform.capabilities.partial_fulfillments
    assert (shipping.row(first).state, shipping.row(first).only_noted) == ("sent", not partial)
    assert not sandbox.is_done(shipping.external_id)
    shown = [(19, 2), (18, 0)] if partial else [(20, 3), (20, 2)]
    assert [world.level(sku) for sku in shipping.skus] == shown
    rest = shipping.enter(key="rest")
    lines = world.rows("SELECT * FROM fulfillment_lines WHERE fulfillment_id = :id", id=rest)
    assert [(row.order_line_id, row.quantity) for row in lines] == [(shipping.lines[0], 2)]
    shipping.drain()
    assert (shipping.row(rest).state, shipping.row(rest).only_noted) == ("sent", False)
    assert [each["units"] for each in sandbox.shipped(shipping.external_id)] == [3, 2]
    assert sandbox.is_done(shipping.external_id)
    assert [world.level(sku) for sku in shipping.skus] == [(17, 0), (18, 0)]
    with pytest.raises(NothingToFulfill):
        shipping.enter(key="more")


def test_woocommerce_tells_the_customer_only_if_asked_and_writes_what_html_allows(
    world: World, woo: WooSandbox
) -> None:
    shipping = Shipping(world, woo, 2)
    parcel = Parcel(
        units={shipping.lines[0]: 1},
        carrier="D<H>L",
        tracking_number="1",
        tracking_url="https://x.example/?a=1&b=2",
        notify_customer=True,
    )
    told = create(world.account_id, shipping.order_id, parcel, actor="test", key="told")
    quiet = shipping.enter(key="quiet")
    shipping.drain()
    first, second = woo.notes(shipping.external_id)
    assert first["note"] == (
        f"Shipment {told}: 1 x {shipping.skus[0]}. D&lt;H&gt;L 1. https://x.example/?a=1&amp;b=2"
    )
    assert second["note"].startswith(f"Shipment {quiet}: ")
    assert [note["customer_note"] for note in (first, second)] == [True, False]


def test_a_line_of_several_fulfilment_orders_leaves_in_a_parcel_from_each_location(
    world: World, shopify: ShopifySandbox
) -> None:
    shipping = spread(world, shopify)
    entered = shipping.enter()
    shipping.drain()
    assert shipping.row(entered).state == "sent"
    assert [each["units"] for each in shopify.shipped(shipping.external_id)] == [2, 1]
    assert len(shipping.row(entered).external_ids) == 2
    assert shipping.fulfilled(shipping.skus[0]) == [(-2, -3)]  # the attic is no location of ours


def spread(world: World, shopify: ShopifySandbox) -> Shipping:
    """Three units of one line, of which one is to leave from another location."""
    shipping = Shipping(world, shopify, 3)
    item = next(i for i in shopify.control("GET", "truth")["items"] if i["sku"] == shipping.skus[0])
    place = shopify.control("POST", "locations", name="Attic")["location_id"]
    shopify.ask(
        """mutation($item: ID!, $place: ID!, $key: String!) { inventoryActivate(
          inventoryItemId: $item, locationId: $place, available: 5) @idempotent(key: $key)
          { userErrors { message } } }""",
        item=f"gid://shopify/InventoryItem/{item['stock_id']}",
        place=f"gid://shopify/Location/{place}",
        key=shipping.skus[0],
    )
    moved = [{"sku": shipping.skus[0], "quantity": 1}]
    shopify.control("POST", f"orders/{shipping.external_id}/move", lines=moved, location_id=place)
    return shipping


# ------------------------------------------------------------------------------------- what is refused


@both
def test_what_cannot_be_shipped_is_refused_and_leaves_nothing(world: World, sandbox: Sandbox) -> None:
    shipping = Shipping(world, sandbox, 3)
    account, order, [line] = world.account_id, shipping.order_id, shipping.lines

    def ship(parcel: Parcel, order_id: int = order, account_id: int = account) -> int:
        return create(account_id, order_id, parcel, actor="test", key="k")

    with pytest.raises(QuantityExceedsOpen) as refused:
        ship(Parcel(units={line: 4}))
    assert refused.value.errors == {str(line): "3 units are left to ship."}
    with pytest.raises(UnknownOrderLine):
        ship(Parcel(units={line + 1000: 1}))
    with pytest.raises(NotFound):
        ship(Parcel(), order + 1000)
    with pytest.raises(NotFound):
        ship(Parcel(), account_id=World(world.redis).account_id)
    for wrong in (
        Parcel(units={line: 0}),
        Parcel(units={}),
        Parcel(tracking_url="https://x.example/1"),
        Parcel(tracking_number="1", tracking_url="ftp://x.example/1"),
        Parcel(tracking_number="1", tracking_url="javascript:alert(1)"),
        Parcel(carrier="x" * 101),
    ):
        with pytest.raises(InvalidInput):
            ship(wrong)
    sandbox.cancel(shipping.external_id)
    take_in(world, sandbox, shipping.external_id)
    with pytest.raises(OrderCancelled):
        ship(Parcel())
    assert not world.rows("SELECT id FROM fulfillments")


@both
def test_units_on_their_way_cannot_be_shipped_again(world: World, sandbox: Sandbox) -> None:
    shipping = Shipping(world, sandbox, 3)
    first = shipping.enter(2, key="first")
    with pytest.raises(QuantityExceedsOpen):
        shipping.enter(2, key="second")
    shipping.cancel(first)
    shipping.cancel(first)
    shipping.enter(2, key="second")
    shipping.drain()
    with pytest.raises(Conflict):
        shipping.cancel(shipping.enter(2, key="second"))
    assert shipping.row(first).state == "cancelled"
    assert [each["units"] for each in sandbox.shipped(shipping.external_id)] == [2]


@both
def test_a_key_that_comes_twice_ships_once(world: World, sandbox: Sandbox) -> None:
    shipping = Shipping(world, sandbox, 3)
    entered = shipping.enter()
    assert shipping.enter() == entered
    shipping.drain()
    assert shipping.enter() == entered, "also when nothing is left to ship"
    with pytest.raises(Conflict, match="another shipment"):
        shipping.enter(1)
    assert len(sandbox.shipped(shipping.external_id)) == 1


@both
def test_two_calls_at_a_time_ship_once(world: World, sandbox: Sandbox) -> None:
    shipping = Shipping(world, sandbox, 3)
    barrier = threading.Barrier(4)
    entered: list[int] = []
    refused: list[str] = []

    def call(key: str) -> None:
        barrier.wait()
        try:
            entered.append(shipping.enter(key=key))
        except NothingToFulfill as err:
            refused.append(err.code)

    in_threads(*(lambda key=key: call(key) for key in ("same", "same", "other", "another")))
    assert len(set(entered)) == 1
    assert len(entered) + len(refused) == 4
    assert world.one("SELECT count(*) AS n FROM fulfillments").n == 1


# --------------------------------------------------------------------------------- answers that get lost


@both
def test_a_lost_answer_is_looked_for_and_not_sent_again(world: World, sandbox: Sandbox) -> None:
    shipping = Shipping(world, sandbox, 3)
    entered = shipping.enter()
    sandbox.lose(after_effect=True)
    shipping.drain()
    assert len(sandbox.shipped(shipping.external_id)) == 1, "it had its effect"
    assert (shipping.row(entered).state, shipping.row(entered).error_code) == (
        "sending",
        "platform_outcome_unknown",
    )
    shipping.drain()
    assert shipping.row(entered).state == "sending", "what was sent may still land"
    with pytest.raises(FulfillmentBeingSent):
        shipping.cancel(entered)
    shipping.later()
    shipping.drain()
    assert (shipping.row(entered).state, shipping.row(entered).error) == ("sent", "")
    assert shipping.told() == 1
    assert sandbox.shipped(shipping.external_id) == [{"units": 3, "number": "00340"}]
    assert shipping.fulfilled(shipping.skus[0]) == [(-3, -3)]


@both
def test_a_lost_request_is_sent_again_after_it_was_looked_for(world: World, sandbox: Sandbox) -> None:
    shipping = Shipping(world, sandbox, 3)
    entered = shipping.enter()
    sandbox.lose(after_effect=False)
    shipping.drain()
    assert (shipping.row(entered).state, shipping.told()) == ("sending", 1)
    shipping.later()
    shipping.drain()
    assert (shipping.row(entered).state, shipping.told()) == ("sent", 2)
    assert len(sandbox.shipped(shipping.external_id)) == 1


@both
def test_a_worker_that_dies_before_its_record_leaves_no_second_shipment(
    world: World, sandbox: Sandbox
) -> None:
    shipping = Shipping(world, sandbox, 3)
    entered = shipping.enter()
    sandbox.crash()
    with pytest.raises(Crash):
        shipping.drain()
    assert (shipping.row(entered).state, len(sandbox.shipped(shipping.external_id))) == ("sending", 1)
    shipping.drain()
    assert shipping.row(entered).state == "sending", "the dead worker's time is not over"
    shipping.later()
    shipping.drain()
    assert (shipping.row(entered).state, shipping.told()) == ("sent", 1)
    assert len(sandbox.shipped(shipping.external_id)) == 1


@both
def test_a_worker_that_dies_before_it_sends_leaves_the_shipment_to_the_next(
    world: World, sandbox: Sandbox
) -> None:
    shipping = Shipping(world, sandbox, 3)
    entered = shipping.enter()
    sandbox.crash_before()
    with pytest.raises(Crash):
        shipping.drain()
    assert shipping.row(entered).state == "sending", "the attempt was committed before it was sent"
    shipping.later()
    shipping.drain()
    assert shipping.row(entered).state == "sent"
    assert len(sandbox.shipped(shipping.external_id)) == 1


@pytest.mark.parametrize("after_effect", [True, False])
def test_what_is_lost_between_two_parcels_is_not_sent_twice(
    world: World, shopify: ShopifySandbox, after_effect: bool
) -> None:
    shipping = spread(world, shopify)
    entered = shipping.enter()
    # The first parcel leaves; the answer to the second one is lost.
    shopify.wire.after["POST Fulfill"] = lambda: shopify.lose(after_effect=after_effect)
    shipping.drain()
    assert (shipping.row(entered).state, shipping.told()) == ("sending", 2)
    shipping.later()
    shipping.drain()
    assert (shipping.row(entered).state, shipping.told()) == ("sent", 2 if after_effect else 3)
    assert [each["units"] for each in shopify.shipped(shipping.external_id)] == [2, 1]
    assert len(shipping.row(entered).external_ids) == 2
    assert shipping.fulfilled(shipping.skus[0]) == [(-2, -3)]  # the attic is no location of ours


def test_woocommerce_is_completed_after_a_note_whose_sequel_was_lost(world: World, woo: WooSandbox) -> None:
    shipping = Shipping(world, woo, 3)
    entered = shipping.enter()
    woo.break_next("PUT orders/<id>", "disconnect", after_effect=False)
    shipping.drain()
    assert (shipping.row(entered).state, woo.is_done(shipping.external_id)) == ("sending", False)
    shipping.later()
    shipping.drain()
    assert (shipping.row(entered).state, woo.is_done(shipping.external_id)) == ("sent", True)
    assert len(woo.notes(shipping.external_id)) == 1


@both
def test_a_shop_that_never_answers_is_given_up_in_the_end(world: World, sandbox: Sandbox) -> None:
    shipping = Shipping(world, sandbox, 3)
    entered = shipping.enter()
    for _ in range(5):
        sandbox.lose(after_effect=False)
        shipping.drain()
        shipping.later()
    shipping.drain()
    row = shipping.row(entered)
    assert (row.state, row.error_code, shipping.told()) == ("failed", "not_taken", 5)
    shipping.retry(entered)
    shipping.drain()
    assert shipping.row(entered).state == "sent"
    assert len(sandbox.shipped(shipping.external_id)) == 1


@both
def test_a_shop_that_asks_for_patience_gets_it(world: World, sandbox: Sandbox) -> None:
    shipping = Shipping(world, sandbox, 3)
    entered = shipping.enter()
    sandbox.break_next(sandbox.ship_endpoint, "429")
    shipping.drain()
    row = shipping.row(entered)
    assert (row.state, row.error_code, row.attempts) == ("pending", "platform_transient", 0)
    assert world.one("SELECT failures FROM connections").failures == 0, "its other work goes on"
    shipping.drain()
    assert shipping.told() == 1, "it is left alone for a while"
    shipping.later()
    shipping.drain()
    assert shipping.row(entered).state == "sent"


# ------------------------------------------------------------------------------------- several at a time


@both
def test_two_workers_at_once_tell_the_shop_once(world: World, sandbox: Sandbox) -> None:
    shipping = Shipping(world, sandbox, 4)
    first, second = shipping.enter(1, key="first"), shipping.enter(key="second")
    barrier = threading.Barrier(3)

    def work() -> None:
        barrier.wait()
        shipping.drain()

    in_threads(work, work, work)
    shipping.drain()
    assert [shipping.row(each).state for each in (first, second)] == ["sent", "sent"]
    assert [each["units"] for each in sandbox.shipped(shipping.external_id)] == [1, 3]
    assert shipping.told() == 2


@both
def test_the_shipments_of_an_order_go_one_after_the_other(world: World, sandbox: Sandbox) -> None:
    shipping = Shipping(world, sandbox, 4)
    first, second = shipping.enter(1, key="first"), shipping.enter(key="second")
    sandbox.lose(after_effect=True)
    shipping.drain()
    assert [shipping.row(each).state for each in (first, second)] == ["sending", "pending"]
    assert shipping.told() == 1
    shipping.later()
    shipping.drain()
    assert [shipping.row(each).state for each in (first, second)] == ["sent", "sent"]
    assert [each["units"] for each in sandbox.shipped(shipping.external_id)] == [1, 3]


def test_a_failed_shipment_is_not_taken_for_told_because_another_one_like_it_was(
    world: World, shopify: ShopifySandbox
) -> None:
    shipping = Shipping(world, shopify, 2)
    for _ in range(5):
        first = shipping.enter(1, key="first")
        shopify.lose(after_effect=False)
        shipping.drain()
        shipping.later()
    shipping.drain()
    second = shipping.enter(1, key="second")
    shipping.drain()
    assert [shipping.row(each).state for each in (first, second)] == ["failed", "sent"]
    shipping.retry(first)
    shipping.drain()
    assert shipping.row(first).state == "sent"
    assert [each["units"] for each in shopify.shipped(shipping.external_id)] == [1, 1]


# --------------------------------------------------------------------------------------- what stops it


@both
def test_an_order_cancelled_at_the_shop_meanwhile_fails_and_is_told_of(
    world: World, sandbox: Sandbox
) -> None:
    shipping = Shipping(world, sandbox, 3)
    entered = shipping.enter()
    sandbox.cancel(shipping.external_id)
    shipping.drain()
    row = shipping.row(entered)
    assert (row.state, row.error) == ("failed", "The order was cancelled in the shop.")
    [event] = shipping.events()
    assert (event.order_id, event.connection_id) == (shipping.order_id, sandbox.connection_id)
    assert event.detail["fulfillment_id"] == entered
    assert world.level(shipping.skus[0]) == (20, 0), "the order was looked at"
    with pytest.raises(OrderCancelled):
        shipping.retry(entered)
    shipping.cancel(entered)
    assert shipping.events() == []
    assert shipping.told() == 0


def test_shopify_has_less_left_to_ship_than_that(world: World, shopify: ShopifySandbox) -> None:
    shipping = Shipping(world, shopify, 3)
    entered = shipping.enter()
    parcel = [{"sku": shipping.skus[0], "quantity": 2}]
    shopify.control("POST", f"orders/{shipping.external_id}/fulfill", lines=parcel)
    shipping.drain()
    assert (shipping.row(entered).state, shipping.told()) == ("failed", 0)
    assert "2 units fewer open" in shipping.row(entered).error
    assert world.level(shipping.skus[0]) == (18, 1)
    shipping.cancel(entered)
    shipping.enter(key="the rest")
    shipping.drain()
    assert shopify.is_done(shipping.external_id)


def test_what_was_refused_is_open_again_once_the_order_was_looked_at(
    world: World, shopify: ShopifySandbox
) -> None:
    shipping = Shipping(world, shopify, 3)
    shipping.enter()
    parcel = [{"sku": shipping.skus[0], "quantity": 2}]
    shopify.control("POST", f"orders/{shipping.external_id}/fulfill", lines=parcel)
    world.redis.set(f"syncflow:fetching:{shopify.connection_id}:{shipping.external_id}", 1)
    shipping.drain()
    with pytest.raises(NothingToFulfill):
        shipping.enter(key="the rest")
    world.redis.flushall()
    shipping.drain()
    rest = shipping.enter(key="the rest")
    shipping.drain()
    assert shipping.row(rest).state == "sent"
    assert [each["units"] for each in shopify.shipped(shipping.external_id)] == [2, 1]


@both
def test_a_paused_connection_and_stopped_writes_wait(world: World, sandbox: Sandbox) -> None:
    shipping = Shipping(world, sandbox, 3)
    account, connection = world.account_id, sandbox.connection_id
    connections.pause(account, connection, actor="test")
    entered = shipping.enter()
    shipping.drain()
    sweeper.wake_due()
    connections.resume(account, connection, actor="test")
    publishing.stop_writes(account, actor="test")
    shipping.drain()
    assert (shipping.row(entered).state, shipping.row(entered).claim, shipping.told()) == ("pending", 0, 0)
    publishing.allow_writes(account, actor="test")
    shipping.drain()
    assert shipping.row(entered).state == "sent"


@both
def test_a_shipment_stopped_after_it_was_claimed_is_not_sent(world: World, sandbox: Sandbox) -> None:
    shipping = Shipping(world, sandbox, 3)
    entered = shipping.enter()
    stop = partial(publishing.stop_writes, world.account_id, actor="test")
    sandbox.wire.after[sandbox.look_endpoint] = stop
    shipping.drain()
    assert (shipping.row(entered).state, shipping.told()) == ("pending", 0)
    publishing.allow_writes(world.account_id, actor="test")
    sandbox.wire.after[sandbox.look_endpoint] = partial(shipping.cancel, entered)
    shipping.drain()
    assert (shipping.row(entered).state, shipping.told()) == ("cancelled", 0)


def test_a_shop_that_refuses_us_stops_the_connection_and_keeps_the_shipment(
    world: World, shopify: ShopifySandbox
) -> None:
    shipping = Shipping(world, shopify, 3)
    entered = shipping.enter()
    shopify.control("POST", "expire_tokens", refresh=True)
    shipping.drain()
    assert world.one("SELECT state FROM connections").state == "needs_auth"
    assert shipping.row(entered).state == "pending"
    shopify.reconnect()
    world.sql("UPDATE connections SET state = 'active'")
    shipping.drain()
    assert shipping.row(entered).state == "sent"


def test_a_shop_connected_before_we_asked_to_ship_has_to_be_connected_again(
    world: World, shopify: ShopifySandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipping = Shipping(world, shopify, 3)
    full = shopify.credentials
    monkeypatch.setattr(auth, "SCOPES", auth.SCOPES[:-1])
    shopify.reconnect()
    entered = shipping.enter()
    shipping.drain()
    assert shipping.row(entered).state == "failed"
    assert "connect it again" in shipping.row(entered).error
    assert world.one("SELECT state FROM connections").state == "active", "all else goes on"
    shopify.credentials = full
    shipping.retry(entered)
    assert shipping.events() == []
    shipping.drain()
    assert shipping.row(entered).state == "sent"


@both
def test_the_sweeper_finds_what_a_lost_nudge_left_behind(world: World, sandbox: Sandbox) -> None:
    shipping = Shipping(world, sandbox, 3)
    shipping.enter()
    world.redis.flushall()
    sweeper.wake_due()
    assert len(world.queued("retries")) == 1
    world.redis.flushall()
    shipping.drain()
    sweeper.wake_due()
    assert world.queued("retries") == []


@both
def test_an_order_that_somebody_else_is_fetching_is_fetched_again_afterwards(
    world: World, sandbox: Sandbox
) -> None:
    shipping = Shipping(world, sandbox, 3)
    entered = shipping.enter()
    claimed = f"syncflow:fetching:{sandbox.connection_id}:{shipping.external_id}"
    world.redis.set(claimed, 1)
    shipping.drain()
    assert (shipping.row(entered).state, shipping.row(entered).order_due) == ("sent", True)
    assert shipping.fulfilled(shipping.skus[0]) == []
    world.redis.flushall()
    sweeper.wake_due()
    assert len(world.queued("retries")) == 1
    shipping.drain()
    assert not shipping.row(entered).order_due
    assert shipping.fulfilled(shipping.skus[0]) == [(-3, -3)]
    assert shipping.told() == 1


@both
@pytest.mark.parametrize("slow", ["after it looked", "after it sent"])
def test_a_worker_whose_time_ran_out_neither_sends_nor_says_anything(
    world: World, sandbox: Sandbox, slow: str
) -> None:
    shipping = Shipping(world, sandbox, 3)
    entered = shipping.enter()

    def another_worker() -> None:
        shipping.later()
        world.sql("UPDATE drain_leases SET until = clock_timestamp()")
        shipping.drain()
        assert shipping.row(entered).state == "sent"
        world.sql("UPDATE fulfillments SET error = 'untouched since'")

    sandbox.wire.after[sandbox.look_endpoint if slow == "after it looked" else sandbox.ship_endpoint] = (
        another_worker
    )
    shipping.drain()
    assert (shipping.row(entered).state, shipping.row(entered).error) == ("sent", "untouched since")
    assert (shipping.told(), len(sandbox.shipped(shipping.external_id))) == (1, 1)


@both
def test_a_fault_of_our_own_keeps_no_other_order_from_being_shipped(world: World, sandbox: Sandbox) -> None:
    shipping = Shipping(world, sandbox, 3)
    other = sandbox.order((shipping.skus[0], 1))
    poisoned = shipping.enter(key="poisoned")
    good = create(
        world.account_id, take_in(world, sandbox, other), Parcel(units=None), actor="test", key="good"
    )

    def stumble() -> None:
        raise RuntimeError("a bug")

    sandbox.wire.before[sandbox.look_endpoint] = stumble
    shipping.drain()
    assert (shipping.row(poisoned).state, shipping.row(poisoned).error_code) == ("pending", "internal")
    assert shipping.row(good).state == "sent"
    shipping.later()
    shipping.drain()
    assert shipping.row(poisoned).state == "sent"
