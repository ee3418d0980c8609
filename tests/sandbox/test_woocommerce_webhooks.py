import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.support import Received, Receiver, ShopProcess, until
from tests.sandbox.woo_client import WooClient

Start = Callable[..., ShopProcess]


@pytest.fixture
def shop(start_shop: Start) -> ShopProcess:
    return start_shop("woocommerce")


@pytest.fixture
def client(shop: ShopProcess) -> WooClient:
    return WooClient(shop)


def is_delivery(request: Received) -> bool:
    return "X-WC-Webhook-Topic" in request.headers


def topics(receiver: Receiver, count: int) -> list[str]:
    return [request.headers["X-WC-Webhook-Topic"] for request in receiver.wait(count, is_delivery)]


def of_topic(topic: str) -> Callable[[Received], bool]:
    return lambda request: request.headers.get("X-WC-Webhook-Topic") == topic


def settled(shop: ShopProcess, count: int) -> list[dict[str, Any]]:
    """Wait until ``count`` deliveries have an outcome; all webhook events."""

    def ended() -> list[dict[str, Any]]:
        events = shop.events("webhook")
        outcomes = [e for e in events if e["action"] in ("delivered", "failed")]
        return events if len(outcomes) >= count else []

    events: list[dict[str, Any]] = until(ended)
    return events


def test_the_ping_is_an_unsigned_form_inside_the_creating_call(client: WooClient, receiver: Receiver) -> None:
    webhook_id = client.subscribe("order.updated", f"{receiver.url}/hook")
    (ping,) = receiver.received
    assert ping.body == f"webhook_id={webhook_id}".encode()
    assert ping.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert not any(name.startswith("X-WC-") for name in ping.headers)


def test_a_delivery_has_the_headers_and_a_signature_of_the_raw_body(
    shop: ShopProcess, client: WooClient, receiver: Receiver
) -> None:
    webhook_id = client.subscribe("product.updated", f"{receiver.url}/hook")
    shop.add({"sku": "Ü/1"})
    shop.do("stock", {"sku": "Ü/1", "quantity": 3})
    (request,) = receiver.wait(1, is_delivery)
    headers = request.headers
    assert headers["X-WC-Webhook-Source"] == f"{shop.url}/"
    assert (headers["X-WC-Webhook-Topic"], headers["X-WC-Webhook-Resource"]) == (
        "product.updated",
        "product",
    )
    assert (headers["X-WC-Webhook-Event"], headers["X-WC-Webhook-ID"]) == ("updated", str(webhook_id))
    assert len(headers["X-WC-Webhook-Delivery-ID"]) == 32
    expected = hmac.new(b"s3cret", request.body, hashlib.sha256).digest()
    assert headers["X-WC-Webhook-Signature"] == base64.b64encode(expected).decode()
    assert rb"\u00dc\/1" in request.body
    assert request.json["stock_quantity"] == 3


def test_delivery_ids_repeat_within_a_second(
    shop: ShopProcess, client: WooClient, receiver: Receiver
) -> None:
    client.subscribe("product.updated", f"{receiver.url}/hook")
    items = [shop.add({"sku": f"id-{n}"})[0] for n in range(20)]
    client.post(
        "products/batch", {"update": [{"id": int(i["listing_id"]), "stock_quantity": 1} for i in items]}
    )
    deliveries = receiver.wait(20, is_delivery)
    ids = {request.headers["X-WC-Webhook-Delivery-ID"] for request in deliveries}
    assert len(ids) < 20


def test_an_invented_secret_is_never_shown(client: WooClient, receiver: Receiver) -> None:
    webhook_id = client.subscribe("order.created", receiver.url, secret="")
    assert "secret" not in client.get(f"webhooks/{webhook_id}")
    assert "secret" not in client.put(f"webhooks/{webhook_id}", {"name": "n"})


def test_quick_changes_of_one_product_are_one_delivery_of_the_last_state(
    shop: ShopProcess, client: WooClient, receiver: Receiver
) -> None:
    client.subscribe("product.updated", receiver.url)
    shop.add({"sku": "blocker"})
    (item,) = shop.add({"sku": "quick"})
    receiver.gate.clear()
    shop.do("stock", {"sku": "blocker", "quantity": 1})
    receiver.wait(1, is_delivery)
    for quantity in range(5):
        client.put(f"products/{item['listing_id']}", {"stock_quantity": quantity})
    receiver.gate.set()
    settled(shop, 2)
    quick = [r.json["stock_quantity"] for r in receiver.wait(2, is_delivery) if r.json["sku"] == "quick"]
    assert quick == [4]


def test_the_payload_is_built_when_it_is_sent(
    shop: ShopProcess, client: WooClient, receiver: Receiver
) -> None:
    client.subscribe("product.updated", receiver.url)
    client.subscribe("order.created", receiver.url)
    shop.add({"sku": "blocker"})
    shop.add({"sku": "late"})
    receiver.gate.clear()
    shop.do("stock", {"sku": "blocker", "quantity": 1})
    receiver.wait(1, is_delivery)
    order_id = shop.order(("late", 1))
    shop.do(f"orders/{order_id}/fulfill")
    receiver.gate.set()
    (created,) = receiver.wait(1, of_topic("order.created"))
    assert created.json["status"] == "completed"


def test_a_resource_that_is_gone_sends_a_signed_error_body(
    shop: ShopProcess, client: WooClient, receiver: Receiver
) -> None:
    client.subscribe("product.updated", receiver.url)
    shop.add({"sku": "blocker"})
    (item,) = shop.add({"sku": "gone"})
    receiver.gate.clear()
    shop.do("stock", {"sku": "blocker", "quantity": 1})
    receiver.wait(1, is_delivery)
    shop.do("stock", {"sku": "gone", "quantity": 1})
    client.call("DELETE", f"products/{item['listing_id']}", force="true")
    receiver.gate.set()
    error = receiver.wait(2, is_delivery)[1]
    assert error.json["code"] == "woocommerce_rest_product_invalid_id"
    assert "id" not in error.json
    assert "X-WC-Webhook-Signature" in error.headers


def test_a_checkout_tells_of_the_update_before_the_creation(
    shop: ShopProcess, client: WooClient, receiver: Receiver
) -> None:
    for topic in ("order.created", "order.updated", "product.updated"):
        client.subscribe(topic, receiver.url)
    shop.add({"sku": "sold"})
    shop.order(("sold", 1))
    assert topics(receiver, 3) == ["order.updated", "order.created", "product.updated"]


def test_a_write_echoes_even_when_it_changes_nothing(
    shop: ShopProcess, client: WooClient, receiver: Receiver
) -> None:
    client.subscribe("product.updated", receiver.url)
    (item,) = shop.add({"sku": "echo", "stock": 5})
    client.put(f"products/{item['listing_id']}", {"stock_quantity": 5})
    (echo,) = receiver.wait(1, is_delivery)
    assert echo.json["stock_quantity"] == 5


def test_a_variation_is_its_own_body_and_the_parent_gets_none(
    shop: ShopProcess, client: WooClient, receiver: Receiver
) -> None:
    client.subscribe("product.updated", receiver.url)
    red, _ = shop.add({"sku": "red"}, {"sku": "blue"})
    shop.add({"sku": "after"})
    shop.do("stock", {"sku": "red", "quantity": 1})
    shop.do("stock", {"sku": "after", "quantity": 1})
    first, second = (request.json for request in receiver.wait(2, is_delivery))
    assert (first["id"], first["type"]) == (int(red["listing_id"]), "variation")
    assert str(first["parent_id"]) == red["stock_id"].split(":")[0]
    assert second["sku"] == "after"


def test_the_bin_sends_the_bare_id_and_the_shredder_nothing(
    shop: ShopProcess, client: WooClient, receiver: Receiver
) -> None:
    client.subscribe("product.deleted", receiver.url)
    client.subscribe("order.deleted", receiver.url)
    binned = int(shop.add({"sku": "binned"})[0]["listing_id"])
    shredded = int(shop.add({"sku": "shredded"})[0]["listing_id"])
    order_id = shop.order(("binned", 1))
    client.call("DELETE", f"products/{shredded}", force="true")
    client.call("DELETE", f"products/{binned}")
    shop.do(f"orders/{order_id}/trash")
    bodies = [request.body for request in receiver.wait(2, is_delivery)]
    assert bodies == [b'{"id":%d}' % binned, b'{"id":%d}' % order_id]


def test_one_attempt_only_and_the_seventh_failure_in_a_row_disables(
    shop: ShopProcess, client: WooClient, receiver: Receiver
) -> None:
    webhook_id = client.subscribe("product.updated", receiver.url)
    shop.add({"sku": "fails"})
    receiver.status = 500

    def fail(times: int) -> None:
        for n in range(times):
            already = len(shop.events("webhook", action="failed"))
            shop.do("stock", {"sku": "fails", "quantity": n})
            settled(shop, already + 1)

    def status() -> str:
        return str(client.get(f"webhooks/{webhook_id}")["status"])

    fail(6)
    assert status() == "active"
    fail(1)
    assert status() == "disabled"
    assert len(receiver.wait(7, is_delivery)) == 7
    # Re-activation keeps the count: one more failure and it is dead again.
    client.put(f"webhooks/{webhook_id}", {"status": "active"})
    fail(1)
    assert status() == "disabled"
    # A new one starts from nothing.
    client.call("DELETE", f"webhooks/{webhook_id}", force="true")
    webhook_id = client.subscribe("product.updated", receiver.url)
    fail(1)
    assert status() == "active"


def test_a_success_forgets_the_failures(shop: ShopProcess, client: WooClient, receiver: Receiver) -> None:
    webhook_id = client.subscribe("product.updated", receiver.url)
    shop.add({"sku": "flaky"})
    for n, answer in enumerate([500] * 6 + [200] + [500] * 6):
        receiver.status = answer
        shop.do("stock", {"sku": "flaky", "quantity": n})
        settled(shop, n + 1)
    assert client.get(f"webhooks/{webhook_id}")["status"] == "active"


def test_deliveries_are_sequential(shop: ShopProcess, client: WooClient, receiver: Receiver) -> None:
    client.subscribe("product.updated", receiver.url)
    for sku in ("a", "b"):
        shop.add({"sku": sku})
    receiver.gate.clear()
    shop.do("stock", {"sku": "a", "quantity": 1})
    shop.do("stock", {"sku": "b", "quantity": 1})
    receiver.wait(1, is_delivery)
    assert shop.events("webhook", action="delivered") == []
    assert len([r for r in receiver.received if is_delivery(r)]) == 1
    receiver.gate.set()
    receiver.wait(2, is_delivery)


def test_webhooks_are_managed_over_rest(client: WooClient, receiver: Receiver) -> None:
    created = client.post(
        "webhooks/batch",
        {
            "create": [
                {"topic": "order.created", "delivery_url": receiver.url},
                {"topic": "no.such", "delivery_url": receiver.url},
                {"topic": "order.updated", "delivery_url": "ftp://x"},
            ]
        },
    )["create"]
    assert created[0]["resource"] == "order"
    assert created[1]["error"]["code"] == "woocommerce_rest_shop_webhook_invalid_topic"
    assert created[2]["error"]["code"] == "woocommerce_rest_shop_webhook_invalid_delivery_url"
    webhook_id = created[0]["id"]
    assert [w["id"] for w in client.get("webhooks", status="active")] == [webhook_id]
    assert client.call("DELETE", f"webhooks/{webhook_id}").status_code == 501
    assert client.call("DELETE", f"webhooks/{webhook_id}", force="true").status_code == 200
    assert client.get("webhooks") == []
