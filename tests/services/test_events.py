"""Inbound events: what they name is looked at, and what fails leaves its neighbours in peace."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.platforms.base import PrivacyRequest
from app.platforms.errors import AuthExpired, Permanent, Transient
from app.services import events, reconcile, sweeper
from app.services.events import EventFailed
from tests.services.shop import Shop, a_platform
from tests.services.world import World, now


@pytest.fixture
def shop() -> Shop:
    shop = Shop()
    shop.stock("A", "SKU", 10)
    return shop


@pytest.fixture
def connection(world: World, shop: Shop) -> int:
    return world.connect(shop)


def test_many_events_of_one_order_cost_one_fetch_and_count_once(
    world: World, connection: int, shop: Shop
) -> None:
    shop.sell("1", "A", 3, at=now())
    ids = [world.hear(connection, ["order", "1"]) for _ in range(5)]
    world.drain(connection)
    assert shop.fetches == [("1",)]
    assert {world.event(i).state for i in ids} == {"done"}
    assert world.level("SKU") == (10, 3)
    world.hear(connection, ["order", "1"])
    world.drain(connection)
    assert world.level("SKU") == (10, 3)


def test_an_event_is_kept_with_the_order_that_it_told_of(world: World, connection: int, shop: Shop) -> None:
    """Also one whose order is gone."""
    shop.sell("1", "A", 3, at=now())
    told = [world.hear(connection, ["order", number]) for number in ("1", "gone")]
    other = world.hear(connection, topic="unknown")
    world.drain(connection)
    assert [world.event(event_id).order_external_id for event_id in (*told, other)] == ["1", "gone", None]


def test_the_orders_of_many_events_share_a_call(world: World, connection: int, shop: Shop) -> None:
    for number in range(20):
        shop.sell(str(number), "A", 1, at=now())
        world.hear(connection, ["order", str(number)])
    world.drain(connection)
    assert len(shop.fetches) == 1
    assert world.level("SKU") == (10, 20)


def test_an_unknown_topic_is_ignored_and_says_so(world: World, connection: int) -> None:
    event_id = world.hear(connection, topic="unknown")
    world.drain(connection)
    event = world.event(event_id)
    assert (event.state, event.verdict) == ("ignored", "unknown topic")


def test_an_event_that_our_parser_stumbles_over_does_not_block_its_neighbours(
    world: World, connection: int, shop: Shop
) -> None:
    shop.sell("1", "A", 3, at=now())
    poison, healthy = world.hear(connection, ["nonsense"]), world.hear(connection, ["order", "1"])
    world.drain(connection)
    assert (world.event(poison).state, world.event(healthy).state) == ("retrying", "done")
    assert world.level("SKU") == (10, 3)


def test_an_order_that_the_shop_has_no_more_is_ignored(world: World, connection: int, shop: Shop) -> None:
    event_id = world.hear(connection, ["order", "nobody's"])
    world.drain(connection)
    assert world.event(event_id).state == "ignored"


@pytest.mark.parametrize("fault", [Permanent("cannot be read"), KeyError("line_items"), ValueError("date")])
def test_a_poisonous_order_does_not_block_its_neighbours(
    world: World, connection: int, shop: Shop, fault: Exception
) -> None:
    """Whatever is wrong with it, an error of our own mapper included."""
    for number in ("1", "2", "3"):
        shop.sell(number, "A", 1, at=now())
    shop.poisonous_orders["2"] = fault
    ids = [world.hear(connection, ["order", number]) for number in ("1", "2", "3")]
    world.drain(connection)
    assert [world.event(i).state for i in ids] == ["done", "retrying", "done"]
    assert world.level("SKU") == (10, 2)
    assert world.one("SELECT failures FROM connections").failures == 0


@pytest.mark.parametrize("fault", [Permanent("cannot be read"), KeyError("variants")])
def test_a_poisonous_product_does_not_block_orders(
    world: World, connection: int, shop: Shop, fault: Exception
) -> None:
    shop.sell("1", "A", 1, at=now())
    shop.poisonous_products["pX"] = fault
    shop.stock("N", "NEW", 3)
    poison = world.hear(connection, ["product", "X"])
    ids = [world.hear(connection, ["order", "1"]), world.hear(connection, ["product", "N"])]
    world.drain(connection)
    assert world.event(poison).state == "retrying"
    assert [world.event(i).state for i in ids] == ["done", "done"]
    assert world.level("NEW") == (3, 0)
    assert world.one("SELECT failures FROM connections").failures == 0


def test_a_poisonous_order_does_not_keep_polls_from_its_neighbours(
    world: World, connection: int, shop: Shop
) -> None:
    for number in ("1", "2", "3"):
        shop.sell(number, "A", 1, at=now())
    shop.poisonous_orders["2"] = KeyError("line_items")
    reconcile.reconcile(connection)
    assert world.level("SKU") == (10, 2)


def test_a_failing_event_is_retried_alone_and_dies_after_five_attempts(
    world: World, connection: int, shop: Shop
) -> None:
    shop.sell("1", "A", 1, at=now())
    shop.poisonous_orders["1"] = Permanent("cannot be read")
    event_id = world.hear(connection, ["order", "1"])
    world.drain(connection)
    world.drain(connection)
    assert world.event(event_id).attempts == 1  # a drain leaves it to its own job
    world.age()
    sweeper.wake_due()
    assert world.queued("retries") == [f"event-{event_id}-1"]
    for _attempt in range(3):
        events.process_one(event_id)
    with pytest.raises(EventFailed):
        events.process_one(event_id)
    assert (world.event(event_id).state, world.event(event_id).attempts) == ("dead", 5)
    world.age()
    sweeper.wake_due()
    sweeper.sweep()
    assert world.queued("retries") == [f"event-{event_id}-1"]


def test_a_dead_event_can_be_replayed(world: World, connection: int, shop: Shop) -> None:
    shop.sell("1", "A", 1, at=now())
    shop.poisonous_orders["1"] = Permanent("cannot be read")
    event_id = world.hear(connection, ["order", "1"])
    world.sql("UPDATE inbound_events SET state = 'dead', attempts = 5")
    with pytest.raises(EventFailed):
        events.process_one(event_id)
    shop.poisonous_orders.clear()
    events.process_one(event_id)
    assert world.event(event_id).state == "done"
    assert world.level("SKU") == (10, 1)


def test_a_shop_that_is_away_for_a_while_costs_no_event_an_attempt(
    world: World, connection: int, shop: Shop
) -> None:
    shop.sell("1", "A", 1, at=now())
    shop.poisonous_orders["1"] = Transient("down", retry_after=30)
    event_id = world.hear(connection, ["order", "1"])
    world.drain(connection)
    assert (world.event(event_id).state, world.event(event_id).attempts) == ("pending", 0)
    assert world.one("SELECT failures FROM connections").failures == 1
    shop.poisonous_orders.clear()
    world.drain(connection)
    assert world.event(event_id).state == "pending"  # it backs off
    world.age()
    world.drain(connection)
    assert world.event(event_id).state == "done"


def test_dead_credentials_keep_events_until_the_merchant_reconnects(
    world: World, connection: int, shop: Shop
) -> None:
    shop.sell("1", "A", 1, at=now())
    shop.poisonous_orders["1"] = AuthExpired("revoked")
    event_id = world.hear(connection, ["order", "1"])
    world.drain(connection)
    assert world.one("SELECT state FROM connections").state == "needs_auth"
    assert world.event(event_id).state == "pending"


def test_a_shop_that_removed_the_app_is_stopped(world: World, connection: int) -> None:
    world.hear(connection, ["gone"])
    world.drain(connection)
    assert world.one("SELECT state FROM connections").state == "needs_auth"


def test_events_wait_for_the_import_to_end(world: World, shop: Shop) -> None:
    connection = world.add_connection(shop)
    shop.sell("1", "A", 1, at=now())
    event_id = world.hear(connection, ["order", "1"])
    world.drain(connection)
    assert world.event(event_id).state == "pending"


def test_a_paused_connection_goes_on_taking_orders_in(world: World, connection: int, shop: Shop) -> None:
    world.sql("UPDATE connections SET state = 'paused'")
    shop.sell("1", "A", 1, at=now())
    world.hear(connection, ["order", "1"])
    world.drain(connection)
    assert world.level("SKU") == (10, 1)


def test_a_listing_renamed_in_the_shop_keeps_its_link(world: World, connection: int, shop: Shop) -> None:
    shop.skus["A"] = "RENAMED"
    world.sql("UPDATE listings SET seen_at = seen_at - interval '1 hour'")
    world.hear(connection, ["product", "A"])
    world.drain(connection)
    listing = world.one("SELECT l.sku, v.sku AS of FROM listings l JOIN variants v ON v.id = l.variant_id")
    assert (listing.sku, listing.of) == ("RENAMED", "SKU")


def test_an_order_edited_between_its_event_and_its_fetch_is_applied_as_it_is(
    world: World, connection: int, shop: Shop
) -> None:
    shop.sell("1", "A", 3, at=now())
    world.hear(connection, ["order", "1"])
    shop.cancel("1", at=now())
    world.drain(connection)
    assert world.level("SKU") == (10, 0)
    assert world.cell(connection, "A").expected == 10
    shop.orders["1"] = replace(shop.orders["1"], number="#one")


@pytest.fixture
def _known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "platform", lambda _slug: a_platform(compare_and_set=True))


@pytest.mark.usefixtures("_known")
@pytest.mark.parametrize("state", ["active", "needs_auth", "disconnected"])
def test_a_shop_is_erased_whatever_became_of_its_connection(
    world: World, connection: int, shop: Shop, state: str
) -> None:
    shop.sell("1", "A", 3, at=now())
    read = world.hear(connection, ["order", "1"])
    world.drain(connection)
    world.sql("UPDATE orders SET customer_key = 'k'")
    world.sql("UPDATE connections SET state = :state", state=state)
    unread = world.hear(connection, ["order", "2"])
    request = world.hear(connection, ["privacy", "redact_shop", None])
    sweeper.sweep()
    assert world.redis.exists(f"syncflow:nudge:answer_privacy_requests:{connection}")
    events.answer_privacy_requests(connection)
    assert world.event(request).state == "done"
    assert [bytes(world.event(i).body) for i in (read, unread)] == [b"", b""]
    assert [world.event(i).state for i in (read, unread)] == ["done", "ignored"]
    [order] = world.rows("SELECT customer_key FROM orders")
    assert order.customer_key is None
    assert world.level("SKU") == (10, 3)
    [entry] = world.rows("SELECT action FROM audit_log WHERE action LIKE 'privacy%'")
    assert entry.action == "privacy.redact_shop"


@pytest.mark.usefixtures("_known")
def test_a_customer_is_erased_and_nobody_else(world: World, connection: int, shop: Shop) -> None:
    for order_id in ("1", "2"):
        shop.sell(order_id, "A", 1, at=now())
        world.hear(connection, ["order", order_id])
    world.drain(connection)
    world.sql("UPDATE orders SET customer_key = 'key ' || external_id")
    world.sql(
        """
        INSERT INTO fulfillments (account_id, connection_id, order_id, state, carrier, tracking_number,
            tracking_url, notify_customer, actor, idempotency_key)
        SELECT o.account_id, o.connection_id, o.id, s.state, 'DHL', '00340', 'https://dhl.example', false,
            'test', o.id || s.state
        FROM orders o CROSS JOIN (VALUES ('failed'), ('pending')) AS s (state)
        """
    )
    waits = world.hear(connection, ["order", "3"])
    world.hear(connection, ["privacy", "redact_customer", "key 1"])
    events.answer_privacy_requests(connection)
    keys = world.rows("SELECT customer_key FROM orders ORDER BY external_id")
    assert [row.customer_key for row in keys] == [None, "key 2"]
    forgotten = world.rows("SELECT * FROM fulfillments f WHERE tracking_number = '' AND tracking_url = ''")
    assert [row.state for row in forgotten] == ["failed"], "what is still to be told needs its tracking"
    assert world.event(waits).state == "pending"


@pytest.mark.usefixtures("_known")
def test_a_privacy_request_that_fails_is_retried_and_keeps_no_other_from_being_answered(
    world: World, connection: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = world.hear(connection, ["privacy", "data_request", "bad"])
    good = world.hear(connection, ["privacy", "data_request", "good"])
    handle = events.privacy.handle

    def stumble(account_id: int, connection_id: int, request: PrivacyRequest) -> None:
        if request.customer_key == "bad":
            raise RuntimeError
        handle(account_id, connection_id, request)

    monkeypatch.setattr(events.privacy, "handle", stumble)
    events.answer_privacy_requests(connection)
    assert (world.event(bad).state, world.event(good).state) == ("retrying", "done")
    monkeypatch.undo()
    monkeypatch.setattr(events, "platform", lambda _slug: a_platform(compare_and_set=True))
    events.process_one(bad)
    assert world.event(bad).state == "done"
