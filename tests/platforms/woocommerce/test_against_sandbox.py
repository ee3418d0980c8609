"""The whole channel against the sandbox shop in a process of its own, over real HTTP.

The sandbox was written from what WooCommerce does, not from this client: where they disagree, one of
them is wrong.
"""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from app.domain.orders import channel_total, ledger_effect
from app.platforms.base import (
    CellRef,
    ExternalOrder,
    LevelReported,
    OrderChanged,
    OrderState,
    PaymentState,
    Shop,
    StockWrite,
    Unsyncable,
    WriteKind,
    WriteOutcome,
)
from app.platforms.errors import AuthExpired, Permanent, Transient
from app.platforms.http import Http, new_session
from app.platforms.woocommerce import PLATFORM
from app.platforms.woocommerce.auth import StoreConnector
from app.platforms.woocommerce.channel import WooCommerceChannel
from app.platforms.woocommerce.subscriptions import TOPICS

TOKEN = "control"
SECRET = "our-own-secret-0123456789"

CATALOG = [
    {
        "title": "Mug & Saucer",
        "vendor": "Acme",
        "type": "Kitchen",
        "variants": [{"sku": "MUG", "title": "", "price": "9.99", "cost": "4.00", "stock": 10}],
    },
    {
        "title": "Hoodie",
        "variants": [
            {"sku": "HOOD-S", "title": "S", "price": "30.00", "stock": 5},
            {"sku": "HOOD-M", "title": "M", "price": "30.00", "stock": 6},
        ],
    },
    {
        "title": "Poster",
        "shared_stock": 8,
        "variants": [
            {"sku": "POST-A", "title": "A", "price": "5.00", "stock": None},
            {"sku": "POST-B", "title": "B", "price": "6.00", "stock": None},
        ],
    },
    {"title": "Voucher", "variants": [{"sku": "GIFT", "title": "", "price": "20.00", "stock": None}]},
]


class Sandbox:
    """The control API of one sandbox shop."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {TOKEN}"
        self.items: dict[str, dict[str, Any]] = {}

    def control(self, method: str, path: str, body: object = None, expect: int | None = None) -> Any:
        answer = self._session.request(method, f"{self.url}/_sandbox{path}", json=body, timeout=20)
        assert answer.status_code == expect or (expect is None and answer.ok), answer.text
        return answer.json()

    def stock_id(self, sku: str) -> str:
        return str(self.items[sku]["stock_id"])

    def stock(self, sku: str) -> int | None:
        truth: list[dict[str, Any]] = self.control("GET", "/truth")["items"]
        found: int | None = next(item["quantity"] for item in truth if item["sku"] == sku)
        return found

    def place(self, *lines: tuple[str, int], **changes: Any) -> str:
        body = {
            "lines": [{"sku": sku, "quantity": quantity} for sku, quantity in lines],
            "paid": True,
            "reference": "r",
            "customer": {"email": "Ada@Example.com", "first_name": "Ada", "last_name": "L"},
        }
        return str(self.control("POST", "/orders", body | changes)["id"])

    def keys(self, permissions: str = "read_write") -> dict[str, str]:
        found = self.control("POST", "/keys", {"permissions": permissions})
        return {name: found[name] for name in ("consumer_key", "consumer_secret")}


class FixedCredentials:
    def __init__(self, keys: Mapping[str, str]) -> None:
        self._keys = keys

    def current(self) -> Mapping[str, Any]:
        return self._keys

    def refresh(self, stale: Mapping[str, Any], renew: object) -> Mapping[str, Any]:
        raise AssertionError("WooCommerce's keys are never renewed")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    state: Path = tmp_path_factory.mktemp("woocommerce")
    command = [sys.executable, "-m", "sandbox", "woocommerce", "--port", "0"]
    with (state / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, "--state", str(state), "--token", TOKEN], stdout=subprocess.PIPE, stderr=log, text=True
        )
        try:
            assert process.stdout is not None
            ready = process.stdout.readline()
            assert " ready " in ready, (state / "log").read_text()
            found = Sandbox(ready.split()[-1])
            items = found.control("POST", "/catalog", {"products": CATALOG})["items"]
            found.items = {item["sku"]: item for item in items}
            yield found
        finally:
            process.terminate()
            process.wait(timeout=20)
            if process.stdout:
                process.stdout.close()


@pytest.fixture
def http() -> Iterator[Http]:
    session = new_session(allow_private=True)
    yield Http(session, sleep=lambda _seconds: None, answer_seconds=5.0)
    session.close()


@pytest.fixture
def channel(sandbox: Sandbox, http: Http) -> Iterator[WooCommerceChannel]:
    yield open_channel(sandbox, http, sandbox.keys())
    sandbox.control("PUT", "/faults", {"call_429": 0, "call_5xx": 0, "call_timeout": 0, "call_disconnect": 0})


def open_channel(sandbox: Sandbox, http: Http, keys: Mapping[str, str]) -> WooCommerceChannel:
    return WooCommerceChannel(Shop(1, sandbox.url, "EUR", FixedCredentials(keys), http, {}))


def deadline() -> float:
    return time.monotonic() + 10


def put(channel: WooCommerceChannel, stock_id: str, to: int) -> Any:
    write = StockWrite(CellRef(stock_id), 0, to)
    return channel.write_levels([write], kind=WriteKind.SET, key="k", deadline=deadline())[0]


def fetch(channel: WooCommerceChannel, order_id: str) -> ExternalOrder:
    (found,) = channel.fetch_orders([order_id]).orders
    return found


def test_a_merchant_connects_with_pasted_keys(sandbox: Sandbox, http: Http) -> None:
    connector = StoreConnector(http, {"allow_private": "true"})
    config = {"store_url": f"{sandbox.url}/", **sandbox.keys()}
    found = connector.finish(config, state="s", callback=None)
    assert found.external_shop_id == sandbox.url
    assert len(found.currency) == 3
    assert found.name


def test_dead_and_read_only_keys_are_told_apart(sandbox: Sandbox, http: Http) -> None:
    connector = StoreConnector(http, {"allow_private": "true"})
    dead = {"consumer_key": "ck_" + "0" * 40, "consumer_secret": "cs_" + "0" * 40}
    with pytest.raises(AuthExpired):
        connector.finish({"store_url": sandbox.url, **dead}, state="s", callback=None)
    wrong_secret = sandbox.keys() | {"consumer_secret": "cs_" + "0" * 40}
    with pytest.raises(AuthExpired):
        connector.finish({"store_url": sandbox.url, **wrong_secret}, state="s", callback=None)
    read_only = sandbox.keys("read")
    with pytest.raises(Permanent, match="read-only"):
        connector.finish({"store_url": sandbox.url, **read_only}, state="s", callback=None)
    result = put(open_channel(sandbox, http, read_only), sandbox.stock_id("MUG"), 1)
    assert (result.outcome, result.code) == (WriteOutcome.REJECTED, "read_only")


def test_the_catalog_comes_with_all_it_sells(sandbox: Sandbox, channel: WooCommerceChannel) -> None:
    listings = {
        listing.sku: (product, listing)
        for page in channel.catalog()
        for product in page
        for listing in product.listings
    }
    assert set(listings) == set(sandbox.items)
    for sku, item in sandbox.items.items():
        assert listings[sku][1].external_id == str(item["listing_id"])
    mug_product, mug = listings["MUG"]
    assert (mug_product.title, mug.price_minor) == ("Mug & Saucer", 999)
    assert mug.stock_id == sandbox.stock_id("MUG")
    assert listings["HOOD-S"][1].stock_id == sandbox.stock_id("HOOD-S")
    assert listings["POST-A"][1].stock_id == listings["POST-B"][1].stock_id == sandbox.stock_id("POST-A")
    assert listings["GIFT"][1].unsyncable is Unsyncable.UNTRACKED
    again = channel.fetch_products([listings["HOOD-S"][0].external_id])
    assert [listing.sku for found in again for listing in found.listings] == ["HOOD-S", "HOOD-M"]


def test_levels_are_what_the_shop_holds(sandbox: Sandbox, channel: WooCommerceChannel) -> None:
    refs = [CellRef(sandbox.stock_id(sku)) for sku in ("HOOD-M", "MUG", "POST-A")] + [CellRef("99999999")]
    readings = channel.read_levels(refs)
    expected = [sandbox.stock(sku) for sku in ("HOOD-M", "MUG", "POST-A")]
    assert [reading.quantity for reading in readings] == [*expected, None]
    assert readings[3].problem is Unsyncable.VANISHED
    everything = {
        level.ref: level.quantity
        for page in channel.all_levels("")
        for level in page
        if level.quantity is not None
    }
    truth = {
        CellRef(item["stock_id"]): item["quantity"]
        for item in sandbox.control("GET", "/truth")["items"]
        if item["tracked"]
    }
    assert everything == truth


def test_writes_reach_products_variations_and_shared_parents(
    sandbox: Sandbox, channel: WooCommerceChannel
) -> None:
    wanted = {"MUG": 21, "HOOD-S": 22, "HOOD-M": 23, "POST-A": 24}
    writes = [StockWrite(CellRef(sandbox.stock_id(sku)), 0, to) for sku, to in wanted.items()]
    for group in {PLATFORM.write_group(each.ref) for each in writes}:
        some = [each for each in writes if PLATFORM.write_group(each.ref) == group]
        results = channel.write_levels(some, kind=WriteKind.SET, key="k", deadline=deadline())
        assert {result.outcome for result in results} == {WriteOutcome.APPLIED}
    assert {sku: sandbox.stock(sku) for sku in wanted} == wanted


def test_errors_and_silent_ignores_of_single_items_are_noticed(
    sandbox: Sandbox, channel: WooCommerceChannel
) -> None:
    variation_id = sandbox.stock_id("HOOD-S").partition(":")[2]
    shared = f"{sandbox.stock_id('POST-A')}:{sandbox.items['POST-A']['listing_id']}"
    untracked = str(sandbox.items["GIFT"]["listing_id"])
    wrong = put(channel, variation_id, 3)
    assert (wrong.outcome, wrong.code) == (WriteOutcome.REJECTED, "woocommerce_rest_invalid_product_id")
    assert put(channel, "99999999", 3).outcome is WriteOutcome.REJECTED
    assert put(channel, shared, 3).code == "ignored"
    assert put(channel, untracked, 3).code == "ignored"


def test_changed_levels_name_what_a_merchant_edited(sandbox: Sandbox, channel: WooCommerceChannel) -> None:
    since = datetime.now(UTC) - timedelta(seconds=1)
    sandbox.control("POST", "/stock", {"sku": "HOOD-M", "quantity": 41})
    sandbox.control("POST", "/stock", {"sku": "MUG", "quantity": 42})
    found = {
        level.ref.stock_id: level.quantity for page in channel.changed_levels("", since) for level in page
    }
    assert found[sandbox.stock_id("HOOD-M")] == 41
    assert found[sandbox.stock_id("MUG")] == 42


def test_an_order_from_basket_to_door(sandbox: Sandbox, channel: WooCommerceChannel) -> None:
    sandbox.control("POST", "/stock", {"sku": "MUG", "quantity": 50})
    since = datetime.now(UTC)
    order_id = sandbox.place(("MUG", 3), ("HOOD-M", 1))
    assert sandbox.stock("MUG") == 47
    placed = fetch(channel, order_id)
    assert (placed.payment, placed.state) == (PaymentState.PAID, OrderState.OPEN)
    assert [found.sku for found in placed.lines] == ["MUG", "HOOD-M"]
    assert [channel_total(found.channel_effects) for found in placed.lines] == [-3, -1]
    assert placed.lines[0].unit_price_minor == 999
    assert placed.lines[1].listing_external_id == str(sandbox.items["HOOD-M"]["listing_id"])
    assert placed.customer_key is not None
    assert len(placed.customer_key) == 64
    assert order_id in {found.external_id for page in channel.open_orders() for found in page}
    stamps = [stamp for page in channel.changed_orders(since) for stamp in page]
    assert order_id in {stamp.external_id for stamp in stamps}
    assert stamps == sorted(stamps, key=lambda stamp: stamp.updated_at)

    sandbox.control("POST", f"/orders/{order_id}/fulfill", {})
    shipped = fetch(channel, order_id)
    assert shipped.state is OrderState.FULFILLED
    effect = ledger_effect(shipped.lines[0].parts, holds_stock=True)
    assert (effect.on_hand, effect.committed) == (-3, 0)


def test_pending_paid_cancelled_and_the_shops_own_number(
    sandbox: Sandbox, channel: WooCommerceChannel
) -> None:
    sandbox.control("POST", "/stock", {"sku": "MUG", "quantity": 50})
    order_id = sandbox.place(("MUG", 2), paid=False)
    pending = fetch(channel, order_id)
    assert (pending.payment, pending.lines[0].channel_effects) == (PaymentState.PENDING, ())
    assert sandbox.stock("MUG") == 50
    sandbox.control("POST", f"/orders/{order_id}/pay", {})
    assert channel_total(fetch(channel, order_id).lines[0].channel_effects) == -2
    sandbox.control("POST", f"/orders/{order_id}/cancel", {"restock": True})
    cancelled = fetch(channel, order_id)
    assert (cancelled.payment, cancelled.state) == (PaymentState.VOIDED, OrderState.CANCELLED)
    assert channel_total(cancelled.lines[0].channel_effects) == 0
    assert ledger_effect(cancelled.lines[0].parts, holds_stock=False).moves_nothing
    assert sandbox.stock("MUG") == 50


def test_an_on_hold_order_takes_stock_and_says_so(sandbox: Sandbox, channel: WooCommerceChannel) -> None:
    order_id = sandbox.place(("MUG", 1), paid=False, status="on-hold")
    found = fetch(channel, order_id)
    assert found.payment is PaymentState.ON_HOLD
    assert channel_total(found.lines[0].channel_effects) == -1


@pytest.mark.parametrize("shipped", [False, True])
@pytest.mark.parametrize("restock", [False, True])
def test_refunds_leave_shop_and_ledger_agreeing_on_the_shelf(
    sandbox: Sandbox, channel: WooCommerceChannel, shipped: bool, restock: bool
) -> None:
    sandbox.control("POST", "/stock", {"sku": "MUG", "quantity": 50})
    order_id = sandbox.place(("MUG", 3))
    if shipped:
        sandbox.control("POST", f"/orders/{order_id}/fulfill", {})
    body = {"lines": [{"sku": "MUG", "quantity": 1}], "restock": restock}
    sandbox.control("POST", f"/orders/{order_id}/refund", body)
    found = fetch(channel, order_id)
    assert found.payment is PaymentState.PARTIALLY_REFUNDED
    assert found.refunded_minor > 0
    (line,) = found.lines
    effect = ledger_effect(line.parts, holds_stock=True)
    assert effect.on_hand - effect.committed == (-2 if restock else -3)
    assert 50 + channel_total(line.channel_effects) == sandbox.stock("MUG")


def test_an_edited_line_is_taken_as_it_stands(sandbox: Sandbox, channel: WooCommerceChannel) -> None:
    sandbox.control("POST", "/stock", {"sku": "MUG", "quantity": 50})
    order_id = sandbox.place(("MUG", 3))
    sandbox.control("POST", f"/orders/{order_id}/edit", {"lines": [{"sku": "MUG", "quantity": 5}]})
    (line,) = fetch(channel, order_id).lines
    assert (line.quantity, channel_total(line.channel_effects)) == (5, -5)
    assert sandbox.stock("MUG") == 45


def test_a_trashed_order_keeps_its_sale_and_a_strange_id_is_missing(
    sandbox: Sandbox, channel: WooCommerceChannel
) -> None:
    since = datetime.now(UTC)
    order_id = sandbox.place(("MUG", 1))
    sandbox.control("POST", f"/orders/{order_id}/trash", {})
    batch = channel.fetch_orders([order_id, "99999999"])
    assert batch.missing == ("99999999",)
    assert [found.state for found in batch.orders] == [OrderState.TRASHED]
    assert channel_total(batch.orders[0].lines[0].channel_effects) == -1
    assert batch.orders[0].payment in PLATFORM.capabilities.holding_payments
    assert order_id in {stamp.external_id for page in channel.changed_orders(since) for stamp in page}


def test_more_orders_than_fit_in_a_page_are_all_listed(sandbox: Sandbox, channel: WooCommerceChannel) -> None:
    sandbox.control("POST", "/stock", {"sku": "HOOD-S", "quantity": 500})
    since = datetime.now(UTC)
    placed = {sandbox.place(("HOOD-S", 1)) for _ in range(130)}
    assert placed <= {stamp.external_id for page in channel.changed_orders(since) for stamp in page}
    assert placed <= {found.external_id for page in channel.open_orders() for found in page}


@pytest.mark.parametrize("fault", ["call_429", "call_5xx", "call_timeout", "call_disconnect"])
def test_a_write_through_faults_is_never_told_as_done_when_it_was_not(
    sandbox: Sandbox, http: Http, channel: WooCommerceChannel, fault: str
) -> None:
    http._answer_seconds = 0.4
    sandbox.control("POST", "/stock", {"sku": "MUG", "quantity": 1})
    sandbox.control("PUT", "/faults", {fault: 1.0})
    if fault == "call_429":
        with pytest.raises(Transient):
            put(channel, sandbox.stock_id("MUG"), 77)
        assert sandbox.stock("MUG") == 1
    else:
        assert put(channel, sandbox.stock_id("MUG"), 77).outcome is WriteOutcome.UNKNOWN
        assert sandbox.stock("MUG") in (1, 77)
    with pytest.raises(Transient):
        channel.probe()


class Receiver:
    """Where the shop's webhooks arrive."""

    def __init__(self) -> None:
        self.deliveries: queue.Queue[tuple[dict[str, str], bytes]] = queue.Queue()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                receiver.deliveries.put(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hooks"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=10)

    def signals(self, wanted: object) -> bool:
        """Whether `wanted` is among the signals of what arrives."""
        return self._any(lambda signal: signal == wanted)

    def names_order(self, order_id: str) -> bool:
        return self._any(lambda signal: isinstance(signal, OrderChanged) and signal.order_id == order_id)

    def _any(self, wanted: Callable[[object], bool]) -> bool:
        """Looks at what arrives, and checks every signature on the way."""
        while True:
            try:
                headers, body = self.deliveries.get(timeout=10)
            except queue.Empty:
                return False
            if PLATFORM.handshake(headers, body):
                continue
            assert PLATFORM.verify(headers, body, SECRET)
            if any(map(wanted, PLATFORM.parse(PLATFORM.envelope(headers, body).topic, headers, body))):
                return True


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.close()


def test_subscriptions_deliver_signed_news_and_are_repaired(
    sandbox: Sandbox, channel: WooCommerceChannel, receiver: Receiver
) -> None:
    try:
        repaired = channel.ensure_webhooks(receiver.url, SECRET)
        assert len(repaired) == len(TOPICS)
        assert channel.ensure_webhooks(receiver.url, SECRET) == []
        headers, body = receiver.deliveries.get(timeout=10)
        assert PLATFORM.handshake(headers, body)

        sandbox.control("POST", "/stock", {"sku": "MUG", "quantity": 33})
        assert receiver.signals(LevelReported(CellRef(sandbox.stock_id("MUG")), 33))
        put(channel, sandbox.stock_id("HOOD-M"), 34)
        assert receiver.signals(LevelReported(CellRef(sandbox.stock_id("HOOD-M")), 34))
        sandbox.control("POST", "/stock", {"sku": "POST-A", "quantity": 35})
        assert receiver.signals(LevelReported(CellRef(sandbox.stock_id("POST-A")), 35))
        order_id = sandbox.place(("MUG", 1))
        assert receiver.names_order(order_id)
        sandbox.control("POST", f"/orders/{order_id}/trash", {})
        assert receiver.names_order(order_id)
    finally:
        channel.remove_webhooks(receiver.url)
    assert len(channel.ensure_webhooks(receiver.url, SECRET)) == len(TOPICS)
    channel.remove_webhooks(receiver.url)


def test_a_disabled_subscription_is_made_anew(
    sandbox: Sandbox, http: Http, channel: WooCommerceChannel, receiver: Receiver
) -> None:
    channel.ensure_webhooks(receiver.url, SECRET)
    client = channel._client
    webhook = next(row for row in client.rows("webhooks", per_page=100) if row["topic"] == "order.created")
    client._write("PUT", f"webhooks/{webhook['id']}", {"status": "disabled"})
    repaired = channel.ensure_webhooks(receiver.url, SECRET)
    assert len(repaired) == 2
    assert all(text.startswith("order.created") for text in repaired)
    channel.remove_webhooks(receiver.url)


def test_the_consent_page_leads_to_keys_that_are_posted_to_us(sandbox: Sandbox, http: Http) -> None:
    connector = StoreConnector(http, {"allow_private": "true"})
    url = connector.authorize_url(
        {"store_url": sandbox.url},
        state="unguessable",
        callback_url="https://syncflow.example/callback",
        return_url="https://syncflow.example/app",
        on_behalf_of="Blue",
    )
    assert url is not None
    page = requests.get(url, timeout=10)
    assert page.status_code == 200
    assert "SyncFlow" in page.text
    refused = requests.get(url.replace("callback_url=https", "callback_url=http"), timeout=10)
    assert refused.status_code == 401


def test_what_the_shop_says_of_its_calls_is_what_we_sent(
    sandbox: Sandbox, channel: WooCommerceChannel
) -> None:
    after = sandbox.control("GET", "/events")["next"]
    put(channel, sandbox.stock_id("MUG"), 12)
    events = sandbox.control("GET", f"/events?after={after}")["events"]
    calls = [event for event in events if event["type"] == "call"]
    assert [(call["method"], call["status"], call["write"], call["items"]) for call in calls] == [
        ("POST", 200, True, 1)
    ]
