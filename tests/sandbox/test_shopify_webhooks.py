"""Webhooks: signature, headers, payloads, echoes, late assembly, retries, deletion of dead subscriptions."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest

from tests.sandbox.shopify_client import CLIENT_SECRET, ShopifyClient, codes, gid, new_sku, place, running
from tests.sandbox.support import Received, Receiver, ShopProcess, until

Item = dict[str, Any]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopProcess]:
    with running(tmp_path_factory.mktemp("shopify")) as shop:
        yield shop


@pytest.fixture
def client(shop: ShopProcess) -> Iterator[ShopifyClient]:
    """An app whose subscriptions end with the test."""
    client = ShopifyClient(shop)
    yield client
    shop.faults(webhook_retry_scale=1.0, webhook_drop=0.0, webhook_double=0.0)
    document = "mutation($id: ID!) { webhookSubscriptionDelete(id: $id) { deletedWebhookSubscriptionId } }"
    for row in client.subscriptions():
        client.data(document, id=row["id"])


@pytest.fixture
def item(shop: ShopProcess) -> Item:
    return shop.add({"sku": new_sku(), "stock": 10, "price": "5.00"})[0]


def topic(request: Received) -> str:
    return request.headers["X-Shopify-Topic"]


def of(name: str) -> Callable[[Received], bool]:
    return lambda request: topic(request) == name


def test_a_delivery_is_signed_and_carries_its_headers(
    client: ShopifyClient, receiver: Receiver, item: Item
) -> None:
    client.subscribe("ORDERS_CREATE", f"{receiver.url}/a", name="orders")
    client.subscribe("ORDERS_CREATE", f"{receiver.url}/b")
    client.shop.order((item["sku"], 1))
    first, second = receiver.wait(2)
    digest = hmac.new(CLIENT_SECRET.encode(), first.body, hashlib.sha256).digest()
    assert first.headers["X-Shopify-Hmac-Sha256"] == base64.b64encode(digest).decode()
    assert first.headers["X-Shopify-Shop-Domain"] == "syncflow-demo.myshopify.com"
    assert first.headers["X-Shopify-API-Version"] == "2026-10"
    assert datetime.fromisoformat(first.headers["X-Shopify-Triggered-At"]).tzinfo is not None
    assert first.headers["X-Shopify-Event-Id"] == second.headers["X-Shopify-Event-Id"]
    assert first.headers["X-Shopify-Webhook-Id"] != second.headers["X-Shopify-Webhook-Id"]
    names = {request.path: request.headers.get("X-Shopify-Name") for request in (first, second)}
    assert names == {"/a": "orders", "/b": None}


def test_the_signature_is_of_the_raw_bytes(client: ShopifyClient, receiver: Receiver) -> None:
    item = client.shop.add({"sku": new_sku()}, title="Salz & Pfeffer für <Anfänger>")[0]
    client.subscribe("ORDERS_CREATE", receiver.url)
    client.shop.order((item["sku"], 1))
    request = receiver.wait(1)[0]
    assert request.json["line_items"][0]["title"] == "Salz & Pfeffer für <Anfänger>"
    assert b"Salz \\u0026 Pfeffer f\xc3\xbcr \\u003cAnf\xc3\xa4nger\\u003e" in request.body
    digest = hmac.new(CLIENT_SECRET.encode(), request.body, hashlib.sha256).digest()
    assert request.headers["X-Shopify-Hmac-Sha256"] == base64.b64encode(digest).decode()


def test_a_sale_sends_the_order_twice_and_a_level_per_line(client: ShopifyClient, receiver: Receiver) -> None:
    items = client.shop.add({"sku": new_sku()}, {"sku": new_sku()})
    for name in ("ORDERS_CREATE", "ORDERS_UPDATED", "INVENTORY_LEVELS_UPDATE"):
        client.subscribe(name, receiver.url)
    order = client.shop.order(*((item["sku"], 2) for item in items), reference="ref-7")
    came = receiver.wait(4)
    assert Counter(map(topic, came)) == {
        "orders/create": 1,
        "orders/updated": 1,
        "inventory_levels/update": 2,
    }
    created = receiver.wait(1, of("orders/create"))[0].json
    assert (created["id"], created["admin_graphql_api_id"]) == (order, gid("Order", order))
    assert [(line["sku"], line["quantity"], line["current_quantity"]) for line in created["line_items"]] == [
        (item["sku"], 2, 2) for item in items
    ]
    assert str(created["line_items"][0]["variant_id"]) == items[0]["listing_id"]
    levels = {
        str(request.json["inventory_item_id"]): request.json
        for request in came
        if "available" in request.json
    }
    assert set(levels) == {item["stock_id"] for item in items}
    assert levels[items[0]["stock_id"]]["available"] == 8
    assert str(levels[items[0]["stock_id"]]["location_id"]) == items[0]["location_id"]


@pytest.mark.parametrize(
    ("action", "body", "topics"),
    [
        ("cancel", {}, {"orders/cancelled", "orders/updated", "refunds/create"}),
        ("edit", {"quantity": 1}, {"orders/edited", "orders/updated", "refunds/create"}),
        ("edit", {"quantity": 5}, {"orders/edited", "orders/updated"}),
        ("refund", {"quantity": 1}, {"orders/updated", "refunds/create"}),
        ("fulfill", {}, {"orders/updated"}),
    ],
)
def test_each_change_of_an_order_has_its_topics(
    client: ShopifyClient, receiver: Receiver, item: Item, action: str, body: dict[str, int], topics: set[str]
) -> None:
    order = client.shop.order((item["sku"], 3))
    for name in ("ORDERS_UPDATED", "ORDERS_CANCELLED", "ORDERS_EDITED", "REFUNDS_CREATE"):
        client.subscribe(name, receiver.url)
    lines = {"lines": [{"sku": item["sku"], **body}]} if body else {}
    client.shop.do(f"orders/{order}/{action}", lines)
    came = receiver.wait(len(topics))
    assert {topic(request) for request in came} == topics
    assert len(came) == len(topics)
    for request in came:
        payload = request.json
        assert order in (
            payload.get("id"),
            payload.get("order_id"),
            payload.get("order_edit", {}).get("order_id"),
        )


def test_our_own_write_comes_back(client: ShopifyClient, receiver: Receiver, item: Item) -> None:
    client.subscribe("INVENTORY_LEVELS_UPDATE", receiver.url)
    client.set_stock(place(item, quantity=4, changeFromQuantity=10))
    assert receiver.wait(1)[0].json["available"] == 4


def test_level_payloads_are_assembled_late(client: ShopifyClient, receiver: Receiver, item: Item) -> None:
    client.subscribe("INVENTORY_LEVELS_UPDATE", receiver.url)
    client.shop.faults(webhook_delay=1.0, webhook_delay_s=[1, 1])
    client.set_stock(place(item, quantity=20, changeFromQuantity=10))
    client.set_stock(place(item, quantity=10, changeFromQuantity=20))
    client.shop.faults(webhook_delay=0.0)
    assert [request.json["available"] for request in receiver.wait(2)] == [10, 10]


def test_order_payloads_are_of_the_moment_of_the_event(
    client: ShopifyClient, receiver: Receiver, item: Item
) -> None:
    client.subscribe("ORDERS_CREATE", receiver.url)
    client.shop.faults(webhook_delay=1.0, webhook_delay_s=[1, 1])
    order = client.shop.order((item["sku"], 3))
    client.shop.do(f"orders/{order}/cancel")
    client.shop.faults(webhook_delay=0.0)
    assert receiver.wait(1)[0].json["cancelled_at"] is None


def test_a_failed_delivery_is_retried_with_the_original_payload(
    client: ShopifyClient, receiver: Receiver, item: Item
) -> None:
    client.subscribe("INVENTORY_LEVELS_UPDATE", receiver.url)
    receiver.status = 500
    client.shop.faults(webhook_retry_scale=0.005)
    client.set_stock(place(item, quantity=4, changeFromQuantity=10))
    first = receiver.wait(1)[0]
    client.shop.faults(webhook_drop=1.0)
    client.set_stock(place(item, quantity=3, changeFromQuantity=4))
    receiver.status = 200
    second = receiver.wait(2)[1]
    assert second.body == first.body
    for name in ("X-Shopify-Event-Id", "X-Shopify-Webhook-Id", "X-Shopify-Triggered-At"):
        assert second.headers[name] == first.headers[name]


def test_eight_retries_in_a_row_that_fail_delete_the_subscription(
    client: ShopifyClient, receiver: Receiver, item: Item
) -> None:
    client.subscribe("ORDERS_CREATE", receiver.url)
    receiver.status = 500
    client.shop.faults(webhook_retry_scale=0.00001)
    client.shop.order((item["sku"], 1))
    assert len(receiver.wait(9)) == 9
    until(lambda: client.subscriptions() == [])
    client.shop.order((item["sku"], 1))
    queued = client.shop.events("webhook", action="queued", topic="orders/create")
    assert len({event["delivery"] for event in queued}) == len(queued)
    assert len(receiver.received) == 9


def test_retries_grow_over_four_hours() -> None:
    from sandbox.shopify.webhooks import RETRY_DELAYS_S, TIMEOUT_S

    assert len(RETRY_DELAYS_S) == 8
    assert list(RETRY_DELAYS_S) == sorted(RETRY_DELAYS_S)
    assert round(sum(RETRY_DELAYS_S)) == 4 * 3600
    assert TIMEOUT_S == 5


def test_scripted_losses_and_doubles(client: ShopifyClient, receiver: Receiver, item: Item) -> None:
    client.subscribe("ORDERS_CREATE", receiver.url)
    client.shop.faults(webhook_drop=1.0)
    lost = client.shop.order((item["sku"], 1))
    client.shop.faults(webhook_drop=0.0, webhook_double=1.0)
    doubled = client.shop.order((item["sku"], 1))
    came = receiver.wait(2)
    assert [request.json["id"] for request in came] == [doubled, doubled]
    assert came[0].headers["X-Shopify-Event-Id"] == came[1].headers["X-Shopify-Event-Id"]
    assert client.shop.events("webhook", action="dropped", resource_id=lost)


def test_products_and_items_tell_of_their_changes(client: ShopifyClient, receiver: Receiver) -> None:
    for name in ("PRODUCTS_UPDATE", "PRODUCTS_DELETE", "INVENTORY_ITEMS_UPDATE"):
        client.subscribe(name, receiver.url)
    sku, renamed = new_sku(), new_sku()
    item = client.shop.add({"sku": sku, "price": "1.00"})[0]
    client.shop.do("change_product", {"sku": sku, "new_sku": renamed, "price": "2.00", "title": "Cup"})
    came = [request.json for request in receiver.wait(2, of("products/update"))]
    [changed] = [product for product in came if product["title"] == "Cup"]  # they may come in any order
    assert (changed["title"], changed["variants"][0]["sku"], changed["variants"][0]["price"]) == (
        "Cup",
        renamed,
        "2.00",
    )
    told = receiver.wait(1, of("inventory_items/update"))[0].json
    assert (str(told["id"]), told["sku"]) == (item["stock_id"], renamed)
    client.shop.do("delete_product", {"sku": renamed})
    assert receiver.wait(1, of("products/delete"))[0].json == {"id": changed["id"]}
    document = "query($id: ID!) { productVariant(id: $id) { id } }"
    assert client.data(document, id=gid("ProductVariant", item["listing_id"])) == {"productVariant": None}


@pytest.mark.parametrize("name", ["customers/data_request", "customers/redact", "shop/redact"])
def test_privacy_topics_go_to_the_apps_own_address(
    client: ShopifyClient, receiver: Receiver, name: str
) -> None:
    customer = {"id": 1, "email": "a@example.com"}
    client.shop.do("privacy", {"topic": name, "url": receiver.url, "payload": {"customer": customer}})
    request = receiver.wait(1)[0]
    assert topic(request) == name
    assert request.json["shop_domain"] == "syncflow-demo.myshopify.com"
    assert request.json["customer"] == customer
    digest = hmac.new(CLIENT_SECRET.encode(), request.body, hashlib.sha256).digest()
    assert request.headers["X-Shopify-Hmac-Sha256"] == base64.b64encode(digest).decode()


def test_what_a_subscription_may_be(client: ShopifyClient, receiver: Receiver) -> None:
    assert client.subscribe("ORDERS_CREATE", "http://example.com/hook")["userErrors"]
    assert client.subscribe("ORDERS_CREATE", receiver.url)["userErrors"] == []
    taken = client.subscribe("ORDERS_CREATE", receiver.url)["userErrors"][0]
    assert taken["message"] == "Address for this topic has already been taken"
    poor = ShopifyClient(client.shop, "read_products")
    assert (
        "permission" in poor.subscribe("ORDERS_CREATE", "https://example.com/x")["userErrors"][0]["message"]
    )


def test_a_subscription_can_move_and_be_cut_to_some_fields(
    client: ShopifyClient, receiver: Receiver, item: Item
) -> None:
    made = client.subscribe("ORDERS_CREATE", "https://example.com/old")["webhookSubscription"]
    document = """mutation($id: ID!, $input: WebhookSubscriptionInput!) { webhookSubscriptionUpdate(
      id: $id, webhookSubscription: $input) {
      webhookSubscription { uri includeFields } userErrors { message } } }"""
    given = {"uri": receiver.url, "includeFields": ["id", "updated_at"]}
    moved = client.data(document, id=made["id"], input=given)["webhookSubscriptionUpdate"]
    assert moved == {"webhookSubscription": given, "userErrors": []}
    client.shop.order((item["sku"], 1))
    assert set(receiver.wait(1)[0].json) == {"id", "updated_at"}


def test_a_refused_write_is_not_announced(client: ShopifyClient, receiver: Receiver, item: Item) -> None:
    client.subscribe("INVENTORY_LEVELS_UPDATE", receiver.url)
    assert codes(client.set_stock(place(item, quantity=4, changeFromQuantity=9)))
    client.set_stock(place(item, quantity=10, changeFromQuantity=10))
    client.set_stock(place(item, quantity=5, changeFromQuantity=10))
    assert receiver.wait(1)[0].json["available"] == 5
    assert len(receiver.received) == 1
