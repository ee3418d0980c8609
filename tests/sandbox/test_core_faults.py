"""Each fault alone, on a shop over real HTTP."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.sandbox.support import Received, Receiver, ShopProcess, until
from tests.sandbox.woo_client import WooClient

Start = Callable[..., ShopProcess]


@pytest.fixture
def shop(start_shop: Start) -> ShopProcess:
    shop = start_shop("woocommerce")
    shop.add(*[{"sku": f"s-{n}"} for n in range(20)])
    return shop


def is_delivery(request: Received) -> bool:
    return "X-WC-Webhook-Topic" in request.headers


def write(client: WooClient, shop: ShopProcess, quantity: int) -> requests.Response:
    item = shop.do("truth", method="GET")["items"][0]
    parent = item["stock_id"].split(":")[0]
    body = {"update": [{"id": int(item["listing_id"]), "stock_quantity": quantity}]}
    return client.call("POST", f"products/{parent}/variations/batch", body)


def test_429_has_a_retry_after_and_never_an_effect(shop: ShopProcess) -> None:
    client = WooClient(shop)
    shop.faults(call_429=1)
    for _ in range(5):
        answer = write(client, shop, 1)
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    assert shop.quantity("s-0") == 10
    assert {(c["fault"], c["effect"]) for c in shop.events("call", write=True)} == {("429", False)}


def test_5xx_falls_on_either_side_of_the_effect(shop: ShopProcess) -> None:
    client = WooClient(shop)
    shop.faults(call_5xx=1)
    for quantity in range(20):
        assert write(client, shop, quantity).status_code == 502
    calls = shop.events("call", fault="5xx", write=True)
    assert {call["effect"] for call in calls} == {True, False}
    applied = {event["call_id"] for event in shop.events("stock", cause="api")}
    assert applied == {call["call_id"] for call in calls if call["effect"]}


def test_a_disconnect_falls_on_either_side_of_the_effect(shop: ShopProcess) -> None:
    client = WooClient(shop)
    shop.faults(call_disconnect=1)
    for quantity in range(20):
        with pytest.raises(requests.ConnectionError):
            write(client, shop, quantity)
    calls = shop.events("call", fault="disconnect", write=True)
    assert {call["effect"] for call in calls} == {True, False}
    assert {call["status"] for call in calls} == {None}
    applied = {event["call_id"] for event in shop.events("stock", cause="api")}
    assert applied == {call["call_id"] for call in calls if call["effect"]}


def test_a_timeout_hangs_until_the_caller_gives_up(shop: ShopProcess) -> None:
    client = WooClient(shop)
    shop.faults(call_timeout=1)
    url = f"{shop.url}/wp-json/wc/v3/orders"
    with pytest.raises(requests.ReadTimeout):
        requests.get(url, params=client.signed("GET", url, {}), timeout=0.2)
    shop.faults(call_hang_s=0.05)
    with pytest.raises(requests.ConnectionError):
        client.call("GET", "orders")
    assert {call["fault"] for call in shop.events("call")} == {"timeout"}


def test_latency_is_added_to_calls_and_not_to_the_control_api(shop: ShopProcess) -> None:
    client = WooClient(shop)
    shop.faults(latency_ms=60_000)
    url = f"{shop.url}/wp-json/wc/v3/orders"
    with pytest.raises(requests.ReadTimeout):
        requests.get(url, params=client.signed("GET", url, {}), timeout=0.2)
    shop.faults(latency_ms=0)
    client.get("orders")


def test_the_control_api_and_the_page_know_no_faults(shop: ShopProcess) -> None:
    shop.faults(call_429=0.25, call_5xx=0.25, call_timeout=0.25, call_disconnect=0.25)
    for _ in range(10):
        assert shop.do("health", method="GET")["ok"]
        assert requests.get(shop.url, timeout=10).status_code == 200


def test_a_seed_gives_the_same_script_again(shop: ShopProcess) -> None:
    client = WooClient(shop)

    def play() -> list[int]:
        shop.faults(seed=7, call_429=0.4, call_5xx=0.4)
        return [client.call("GET", "orders").status_code for _ in range(20)]

    first = play()
    assert set(first) == {200, 429, 502}
    assert play() == first


def actions(shop: ShopProcess) -> list[str]:
    return [event["action"] for event in shop.events("webhook")]


def change(shop: ShopProcess, count: int) -> None:
    for n in range(count):
        shop.do("stock", {"sku": f"s-{n}", "quantity": 1})


def test_a_dropped_webhook_is_logged_and_never_sent(shop: ShopProcess, receiver: Receiver) -> None:
    WooClient(shop).subscribe("product.updated", receiver.url)
    shop.faults(webhook_drop=1)
    change(shop, 1)
    shop.faults(webhook_drop=0)
    shop.do("stock", {"sku": "s-1", "quantity": 1})
    (sent,) = receiver.wait(1, is_delivery)
    assert sent.json["sku"] == "s-1"
    until(lambda: "delivered" in actions(shop))
    assert actions(shop) == ["queued", "dropped", "queued", "delivered"]


def test_a_doubled_webhook_arrives_twice_with_the_same_body(shop: ShopProcess, receiver: Receiver) -> None:
    WooClient(shop).subscribe("product.updated", receiver.url)
    shop.faults(webhook_double=1)
    change(shop, 1)
    first, second = receiver.wait(2, is_delivery)
    assert first.body == second.body
    until(lambda: actions(shop).count("delivered") == 2)
    assert actions(shop).count("doubled") == 1


def test_a_delayed_webhook_comes_later(shop: ShopProcess, receiver: Receiver) -> None:
    WooClient(shop).subscribe("product.updated", receiver.url)
    shop.faults(webhook_delay=1, webhook_delay_s=[0.3, 0.3])
    change(shop, 1)
    (late,) = receiver.wait(1, is_delivery)
    (queued,) = shop.events("webhook", action="queued")
    assert late.at - queued["at"] >= 0.3
    assert shop.events("webhook", action="delayed")


def test_a_reordered_webhook_is_overtaken_by_a_later_one(shop: ShopProcess, receiver: Receiver) -> None:
    WooClient(shop).subscribe("product.updated", receiver.url)
    shop.faults(webhook_reorder=1)
    shop.do("stock", {"sku": "s-0", "quantity": 1})
    shop.faults(webhook_reorder=0)
    shop.do("stock", {"sku": "s-1", "quantity": 1})
    order: list[Any] = [request.json["sku"] for request in receiver.wait(2, is_delivery)]
    assert order == ["s-1", "s-0"]
