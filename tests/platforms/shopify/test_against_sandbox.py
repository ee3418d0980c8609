"""The whole channel against a shop that was written from the vendor's facts, not from this client."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from app.domain.orders import channel_total, ledger_effect
from app.platforms.base import (
    CellRef,
    Connected,
    OrderChanged,
    OrderState,
    PaymentState,
    StockWrite,
    Unsyncable,
    WriteKind,
    WriteOutcome,
)
from app.platforms.errors import AuthExpired
from app.platforms.shopify import webhooks
from app.platforms.shopify.channel import ShopifyChannel
from app.platforms.shopify.documents import VARIANTS_PER_PRODUCT
from app.platforms.shopify.subscriptions import TOPICS
from tests.platforms.shopify.sandbox_shop import CLIENT, SHOP, SandboxShop

MANY = 240
"""Variants of the large product: more than a page that comes with it, and an order of many pages."""


def stocked(sku: str, stock: int | None = 1000, **more: Any) -> dict[str, Any]:
    return {"sku": sku, "title": sku or "none", "price": "9.99", "cost": "4.00", "stock": stock} | more


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxShop]:
    started = SandboxShop(tmp_path_factory.mktemp("shop"))
    try:
        started.control(
            "POST",
            "catalog",
            products=[
                {"title": "Mug", "vendor": "Acme", "type": "Kitchen", "variants": [stocked("MUG")]},
                {"title": "Odd", "variants": [stocked("UNTRACKED", None), stocked("odd"), stocked("ODD")]},
                {"title": "Many", "variants": [stocked(f"M{n:03}") for n in range(MANY)]},
            ],
        )
        yield started
    finally:
        started.stop()


@pytest.fixture(scope="module")
def connected(shop: SandboxShop) -> Connected:
    return shop.connect()


@pytest.fixture(scope="module")
def channel(shop: SandboxShop, connected: Connected) -> ShopifyChannel:
    return shop.channel(connected.credentials)


@pytest.fixture
def fresh_sku(shop: SandboxShop) -> str:
    """A SKU of the test's own, with 100 units."""
    sku = f"T{next(_numbers)}"
    shop.control("POST", "catalog", products=[{"title": sku, "variants": [stocked(sku, 100)]}])
    return sku


_numbers = itertools.count(1)


def ref_of(shop: SandboxShop, sku: str) -> CellRef:
    item = next(item for item in shop.control("GET", "truth")["items"] if item["sku"] == sku)
    return CellRef(item["stock_id"], item["location_id"])


class TestConnecting:
    def test_gives_an_expiring_token(self, connected: Connected) -> None:
        assert connected.external_shop_id == SHOP
        assert {"access_token", "refresh_token", "expires_at"} <= set(connected.credentials)

    def test_a_token_past_its_end_is_renewed_before_it_is_used(self, shop: SandboxShop) -> None:
        past = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
        shop.channel(shop.connect().credentials | {"expires_at": past}).probe()

    def test_a_token_that_the_shop_refuses_is_renewed(self, shop: SandboxShop) -> None:
        shop.channel(shop.connect().credentials | {"access_token": "shpat_gone"}).probe()

    def test_dead_credentials_are_told(self, shop: SandboxShop, connected: Connected) -> None:
        dead = connected.credentials | {"access_token": "shpat_gone", "refresh_token": "shprt_gone"}
        with pytest.raises(AuthExpired):
            shop.channel(dead).probe()


class TestCatalog:
    def test_every_variant_comes_once_by_pages_and_in_bulk(
        self, shop: SandboxShop, connected: Connected, channel: ShopifyChannel
    ) -> None:
        pages = {product for page in channel.catalog() for product in page}
        bulk = {
            p for page in shop.channel(connected.credentials, bulk_from_variants=0).catalog() for p in page
        }
        assert pages == bulk
        listings = [listing for product in pages for listing in product.listings]
        truth = {item["listing_id"]: item for item in shop.control("GET", "truth")["items"]}
        assert {listing.external_id for listing in listings} == set(truth)
        assert len(listings) == len(truth) > MANY > VARIANTS_PER_PRODUCT
        for listing in listings:
            assert listing.stock_id == truth[listing.external_id]["stock_id"]
            assert listing.sku == truth[listing.external_id]["sku"]
        untracked = [listing for listing in listings if listing.sku == "UNTRACKED"]
        assert [listing.unsyncable for listing in untracked] == [Unsyncable.UNTRACKED]

    def test_products_are_fetched_whole(self, channel: ShopifyChannel) -> None:
        large = next(p for page in channel.catalog() for p in page if p.title == "Many")
        assert channel.fetch_products([large.external_id, "999999999", "nonsense"]) == [large]
        assert len(large.listings) == MANY
        assert (large.listings[0].price_minor, large.listings[0].unit_cost_minor) == (999, 400)


class TestLevels:
    def test_all_levels_are_the_shops_own_by_pages_and_in_bulk(
        self, shop: SandboxShop, connected: Connected, channel: ShopifyChannel
    ) -> None:
        (location,) = [each for each in channel.locations() if each.active]
        pages = {r for page in channel.all_levels(location.external_id) for r in page}
        bulky = shop.channel(connected.credentials, bulk_from_variants=0)
        bulk = {r for page in bulky.all_levels(location.external_id) for r in page}
        assert pages == bulk
        truth = {
            CellRef(item["stock_id"], item["location_id"]): item["quantity"]
            for item in shop.control("GET", "truth")["items"]
            if item["tracked"]
        }
        assert {r.ref: r.quantity for r in pages if r.problem is None} == truth

    def test_levels_are_read_in_the_order_asked_for(self, shop: SandboxShop, channel: ShopifyChannel) -> None:
        mug, gone = ref_of(shop, "MUG"), CellRef("999999999", ref_of(shop, "MUG").location_id)
        untracked = CellRef(ref_of(shop, "UNTRACKED").stock_id, mug.location_id)
        readings = channel.read_levels([gone, mug, CellRef("x", "y"), mug])
        assert [reading.ref for reading in readings] == [gone, mug, CellRef("x", "y"), mug]
        assert readings[0].problem is readings[2].problem is Unsyncable.VANISHED
        assert readings[1].quantity == readings[3].quantity == shop.quantity("MUG")
        assert channel.read_levels([untracked])[0].quantity is None

    def test_touched_levels_are_found(
        self, shop: SandboxShop, channel: ShopifyChannel, fresh_sku: str
    ) -> None:
        since = datetime.now(UTC) - timedelta(seconds=2)
        shop.control("POST", "stock", sku=fresh_sku, quantity=7)
        ref = ref_of(shop, fresh_sku)
        changed = {r.ref: r.quantity for page in channel.changed_levels(ref.location_id, since) for r in page}
        assert changed[ref] == 7


class TestWriting:
    def write(
        self,
        channel: ShopifyChannel,
        *writes: StockWrite,
        key: str,
        kind: WriteKind = WriteKind.SET,
        seconds: float = 20,
    ) -> list[WriteOutcome]:
        results = channel.write_levels(writes, kind=kind, key=key, deadline=time.monotonic() + seconds)
        return [result.outcome for result in results]

    def test_a_set_applies_where_the_number_is_as_expected(
        self, shop: SandboxShop, channel: ShopifyChannel, fresh_sku: str
    ) -> None:
        ref = ref_of(shop, fresh_sku)
        assert self.write(channel, StockWrite(ref, 100, 60), key=f"{fresh_sku}-1") == [WriteOutcome.APPLIED]
        assert shop.quantity(fresh_sku) == 60
        assert self.write(channel, StockWrite(ref, 100, 50), key=f"{fresh_sku}-2") == [WriteOutcome.STALE]
        assert shop.quantity(fresh_sku) == 60

    def test_one_bad_number_keeps_the_others_from_being_written(
        self, shop: SandboxShop, channel: ShopifyChannel, fresh_sku: str
    ) -> None:
        ref, other = ref_of(shop, fresh_sku), ref_of(shop, "M000")
        good = StockWrite(ref, 100, 60)
        stale = StockWrite(other, 5, 4)
        negative = StockWrite(other, shop.quantity("M000"), -1)
        assert self.write(channel, good, stale, key=f"{fresh_sku}-1") == [
            WriteOutcome.NOT_APPLIED,
            WriteOutcome.STALE,
        ]
        assert self.write(channel, good, negative, key=f"{fresh_sku}-2") == [
            WriteOutcome.NOT_APPLIED,
            WriteOutcome.REJECTED,
        ]
        assert shop.quantity(fresh_sku) == 100

    def test_a_delta_applies_whatever_the_number_is(
        self, shop: SandboxShop, channel: ShopifyChannel, fresh_sku: str
    ) -> None:
        delta = StockWrite(ref_of(shop, fresh_sku), from_quantity=5, to_quantity=2)
        for _ in range(2):  # the repeat with the same key is answered, not applied
            assert self.write(channel, delta, key=fresh_sku, kind=WriteKind.DELTA) == [WriteOutcome.APPLIED]
        assert shop.quantity(fresh_sku) == 97

    def test_a_key_is_good_for_one_call(
        self, shop: SandboxShop, channel: ShopifyChannel, fresh_sku: str
    ) -> None:
        ref = ref_of(shop, fresh_sku)
        self.write(channel, StockWrite(ref, 100, 60), key=fresh_sku)
        other = self.write(channel, StockWrite(ref, 60, 50), key=fresh_sku)
        assert (other, shop.quantity(fresh_sku)) == ([WriteOutcome.NOT_APPLIED], 60)

    @pytest.mark.parametrize("kind", list(WriteKind))
    def test_a_withdrawn_call_cannot_take_effect_any_more(
        self, shop: SandboxShop, channel: ShopifyChannel, fresh_sku: str, kind: WriteKind
    ) -> None:
        writes = [StockWrite(ref_of(shop, fresh_sku), 100, 60)]
        for _ in range(2):
            results = channel.withdraw(writes, kind=kind, key=fresh_sku)
            assert [result.outcome for result in results] == [WriteOutcome.NOT_APPLIED]
        late = self.write(channel, *writes, key=fresh_sku, kind=kind)
        assert (late, shop.quantity(fresh_sku)) == ([WriteOutcome.NOT_APPLIED], 100)

    @pytest.mark.parametrize("kind", list(WriteKind))
    def test_a_call_that_took_effect_is_not_withdrawn(
        self, shop: SandboxShop, channel: ShopifyChannel, fresh_sku: str, kind: WriteKind
    ) -> None:
        writes = [StockWrite(ref_of(shop, fresh_sku), 100, 60)]
        self.write(channel, *writes, key=fresh_sku, kind=kind)
        results = channel.withdraw(writes, kind=kind, key=fresh_sku)
        assert [result.outcome for result in results] == [WriteOutcome.APPLIED]
        assert shop.quantity(fresh_sku) == 60

    @pytest.mark.parametrize("kind", list(WriteKind))
    def test_a_call_that_was_refused_was_not_written(
        self, shop: SandboxShop, channel: ShopifyChannel, fresh_sku: str, kind: WriteKind
    ) -> None:
        writes = [StockWrite(ref_of(shop, fresh_sku), 100, 60), StockWrite(CellRef("404", "404"), 2, 1)]
        self.write(channel, *writes, key=fresh_sku, kind=kind)
        results = channel.withdraw(writes, kind=kind, key=fresh_sku)
        assert [result.outcome for result in results] == [WriteOutcome.NOT_APPLIED] * 2
        assert shop.quantity(fresh_sku) == 100

    def test_every_outcome_is_true_on_a_bad_line(
        self, shop: SandboxShop, channel: ShopifyChannel, fresh_sku: str
    ) -> None:
        ref, number = ref_of(shop, fresh_sku), 100
        shop.control("PUT", "faults", seed=3, call_5xx=0.4, call_disconnect=0.4)
        try:
            for attempt in range(12):
                write = StockWrite(ref, number, number - 1)
                outcome = WriteOutcome.UNKNOWN
                while outcome is WriteOutcome.UNKNOWN:
                    (outcome,) = self.write(
                        channel,
                        write,
                        key=f"{fresh_sku}-{attempt}",
                        kind=WriteKind(["set", "delta"][attempt % 2]),
                    )
                assert outcome is WriteOutcome.APPLIED
                number -= 1
                assert shop.quantity(fresh_sku) == number
        finally:
            shop.control("PUT", "faults", call_5xx=0.0, call_disconnect=0.0)


class TestOrders:
    def effects(self, shop: SandboxShop, channel: ShopifyChannel, order_id: str) -> tuple[int, int, int]:
        """(committed, on hand, channel) of the order's units of the fresh SKU."""
        (order,) = channel.fetch_orders([order_id]).orders
        ledger = [ledger_effect(line.parts, holds_stock=True) for line in order.lines]
        return (
            sum(each.committed for each in ledger),
            sum(each.on_hand for each in ledger),
            sum(channel_total(line.channel_effects) for line in order.lines),
        )

    @pytest.mark.parametrize("paid", [True, False])
    def test_an_order_takes_its_units_paid_or_not(
        self, shop: SandboxShop, channel: ShopifyChannel, fresh_sku: str, paid: bool
    ) -> None:
        order_id = shop.order((fresh_sku, 3), paid=paid)
        (order,) = channel.fetch_orders([order_id]).orders
        assert order.payment is (PaymentState.PAID if paid else PaymentState.PENDING)
        assert order.state is OrderState.OPEN
        assert self.effects(shop, channel, order_id) == (3, 0, -3)
        assert shop.quantity(fresh_sku) == 97

    @pytest.mark.parametrize(
        ("steps", "expected"),
        [
            ([("fulfill", {})], (0, -3, -3)),
            ([("cancel", {"restock": True})], (0, 0, 0)),
            ([("cancel", {"restock": False})], (0, -3, -3)),
            ([("refund", {"quantity": 2, "restock": True})], (1, 0, -1)),
            ([("refund", {"quantity": 2, "restock": False})], (1, -2, -3)),
            ([("fulfill", {}), ("refund", {"quantity": 2, "restock": True})], (0, -1, -1)),
            ([("fulfill", {}), ("refund", {"quantity": 2, "restock": False})], (0, -3, -3)),
            ([("edit", {"quantity": 5})], (5, 0, -5)),
            ([("edit", {"quantity": 1})], (1, 0, -1)),
            ([("edit", {"quantity": 5}), ("edit", {"quantity": 2})], (2, 0, -2)),
            ([("edit", {"quantity": 5}), ("cancel", {"restock": True})], (0, 0, 0)),
            ([("refund", {"quantity": 1, "restock": True}), ("fulfill", {})], (0, -2, -2)),
        ],
        ids=lambda value: "-".join(step for step, _ in value) if isinstance(value, list) else "",
    )
    def test_whatever_happens_to_it_the_effects_explain_the_shops_number(
        self,
        shop: SandboxShop,
        channel: ShopifyChannel,
        fresh_sku: str,
        steps: list[tuple[str, dict[str, Any]]],
        expected: tuple[int, int, int],
    ) -> None:
        order_id = shop.order((fresh_sku, 3))
        for step, document in steps:
            about = dict(document)
            if "quantity" in about:
                about["lines"] = [{"sku": fresh_sku, "quantity": about.pop("quantity")}]
            shop.control("POST", f"orders/{order_id}/{step}", **about)
        assert self.effects(shop, channel, order_id) == expected
        assert shop.quantity(fresh_sku) == 100 + expected[2]

    def test_the_sums_of_a_cancelled_and_refunded_order_add_up(
        self, shop: SandboxShop, channel: ShopifyChannel
    ) -> None:
        order_id = shop.order(("MUG", 2))
        shop.control("POST", f"orders/{order_id}/cancel", restock=True)
        (order,) = channel.fetch_orders([order_id]).orders
        assert (order.state, order.payment) == (OrderState.CANCELLED, PaymentState.REFUNDED)
        assert (order.subtotal_minor, order.total_minor, order.refunded_minor) == (1998, 1998, 1998)

    def test_a_line_added_by_an_edit_is_taken_too(
        self, shop: SandboxShop, channel: ShopifyChannel, fresh_sku: str
    ) -> None:
        order_id = shop.order(("MUG", 1))
        lines = [{"sku": fresh_sku, "quantity": 4}]
        shop.control("POST", f"orders/{order_id}/edit", lines=lines)
        (order,) = channel.fetch_orders([order_id]).orders
        assert {line.sku: channel_total(line.channel_effects) for line in order.lines} == {
            "MUG": -1,
            fresh_sku: -4,
        }

    def test_an_order_of_hundreds_of_lines_is_whole(self, shop: SandboxShop, channel: ShopifyChannel) -> None:
        skus = [f"M{n:03}" for n in range(MANY)]
        short, long = shop.order(("MUG", 1)), shop.order(*((sku, 2) for sku in skus))
        shop.control("POST", f"orders/{long}/fulfill")
        shop.control(
            "POST", f"orders/{long}/refund", lines=[{"sku": s, "quantity": 1} for s in skus], restock=True
        )
        batch = channel.fetch_orders([short, long, "999999999", "nonsense"])
        assert [order.external_id for order in batch.orders] == [short, long]
        assert batch.missing == ("999999999", "nonsense")
        lines = batch.orders[1].lines
        assert sorted(str(line.sku) for line in lines) == skus
        for line in lines:
            ledger = ledger_effect(line.parts, holds_stock=True)
            assert (ledger.committed, ledger.on_hand) == (0, -1)
            assert channel_total(line.channel_effects) == -1

    def test_an_order_of_many_refunds_is_whole(
        self, shop: SandboxShop, channel: ShopifyChannel, fresh_sku: str
    ) -> None:
        order_id = shop.order((fresh_sku, 9))
        lines = [{"sku": fresh_sku, "quantity": 1}]
        for _ in range(7):
            shop.control("POST", f"orders/{order_id}/refund", lines=lines, restock=True)
        assert self.effects(shop, channel, order_id) == (2, 0, -2)

    def test_many_orders_come_in_one_call(self, shop: SandboxShop, channel: ShopifyChannel) -> None:
        ids = [shop.order(("MUG", 1), ("odd", 2)) for _ in range(23)]
        batch = channel.fetch_orders(ids)
        assert [order.external_id for order in batch.orders] == ids

    def test_the_customer_is_known_by_a_hash(self, shop: SandboxShop, channel: ShopifyChannel) -> None:
        customer = {"email": "Ada@Example.com", "first_name": "Ada", "last_name": "L"}
        (order,) = channel.fetch_orders([shop.order(("MUG", 1), customer=customer)]).orders
        assert order.customer_key is not None
        assert "@" not in order.customer_key
        assert order.total_minor > 0

    def test_changed_orders_come_oldest_change_first(
        self, shop: SandboxShop, channel: ShopifyChannel
    ) -> None:
        since = datetime.now(UTC) - timedelta(seconds=1)
        first, second = shop.order(("MUG", 1)), shop.order(("MUG", 1))
        shop.control("POST", f"orders/{first}/cancel", restock=True)
        stamps = [stamp for page in channel.changed_orders(since) for stamp in page]
        ids = [stamp.external_id for stamp in stamps]
        assert ids.index(first) >= 0
        assert ids.index(second) >= 0
        assert [s.updated_at for s in stamps] == sorted(s.updated_at for s in stamps)

    def test_open_orders_are_those_still_to_be_shipped(
        self, shop: SandboxShop, channel: ShopifyChannel
    ) -> None:
        still_open, shipped, cancelled = (shop.order(("MUG", 1)) for _ in range(3))
        shop.control("POST", f"orders/{shipped}/fulfill")
        shop.control("POST", f"orders/{cancelled}/cancel", restock=True)
        found = {order.external_id for page in channel.open_orders() for order in page}
        assert still_open in found
        assert not {shipped, cancelled} & found


class Receiver:
    """Takes webhooks in, and answers 200."""

    def __init__(self) -> None:
        self.deliveries: list[tuple[dict[str, str], bytes]] = []
        self.arrived = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with receiver.arrived:
                    headers = {name.lower(): value for name, value in self.headers.items()}
                    receiver.deliveries.append((headers, body))
                    receiver.arrived.notify_all()
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/webhooks/shopify/1"

    def topics(self) -> set[str]:
        return {headers["x-shopify-topic"] for headers, _ in self.deliveries}

    def wait_for(self, *topics: str) -> None:
        with self.arrived:
            assert self.arrived.wait_for(lambda: set(topics) <= self.topics(), timeout=20), self.topics()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    started = Receiver()
    yield started
    started.server.shutdown()
    started.server.server_close()


class TestWebhooks:
    def test_subscriptions_are_made_once_and_repaired(self, channel: ShopifyChannel) -> None:
        url = "http://127.0.0.1:9/webhooks/shopify/repair"
        assert channel.ensure_webhooks(url, "") == [f"created {topic}" for topic in TOPICS]
        assert channel.ensure_webhooks(url, "") == []
        channel.remove_webhooks(url)
        assert len(channel.ensure_webhooks(url, "")) == len(TOPICS)
        channel.remove_webhooks(url)

    def test_what_happens_in_the_shop_is_told_signed_and_understood(
        self, shop: SandboxShop, channel: ShopifyChannel, fresh_sku: str, receiver: Receiver
    ) -> None:
        channel.ensure_webhooks(receiver.url, "")
        try:
            order_id = shop.order((fresh_sku, 2))
            shop.control("POST", f"orders/{order_id}/cancel", restock=True)
            receiver.wait_for("orders/create", "orders/cancelled", "inventory_levels/update")
        finally:
            channel.remove_webhooks(receiver.url)
        for headers, body in receiver.deliveries:
            assert webhooks.verify(headers, body, CLIENT[1])
            assert not webhooks.verify(headers, body + b" ", CLIENT[1])
            assert webhooks.shop_of_webhook(headers) == SHOP
            envelope = webhooks.envelope(headers, body)
            assert envelope.event_id_is_unique
            assert envelope.triggered_at is not None
            (signal,) = webhooks.parse(envelope.topic, headers, body)
            if envelope.topic.startswith("orders/"):
                assert isinstance(signal, OrderChanged)
                assert signal.order_id == order_id
            if envelope.topic == "inventory_levels/update":
                assert getattr(signal, "ref", None) == ref_of(shop, fresh_sku)


def test_a_throttled_app_waits_and_gets_its_answer(shop: SandboxShop, channel: ShopifyChannel) -> None:
    location = ref_of(shop, "MUG").location_id
    shop.control("PUT", "plan", plan="basic")
    try:
        for _ in range(4):
            assert sum(len(page) for page in channel.all_levels(location)) > MANY
    finally:
        shop.control("PUT", "plan", plan="unlimited")
