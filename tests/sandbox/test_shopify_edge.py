"""The surface around GraphQL: versions, bad requests, throttling, faults, restarts, the human page."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
import requests

from tests.sandbox.shopify_client import ShopifyClient, gid, new_sku, place, running
from tests.sandbox.support import PATIENCE_S, ShopProcess

SHOP = "{ shop { name } }"
ITEMS = """{ inventoryItems(first: 250) { nodes { id variant { id product { id } }
  inventoryLevels(first: 2) { nodes { id } } } } }"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopProcess]:
    with running(tmp_path_factory.mktemp("shopify")) as shop:
        yield shop


@pytest.fixture(scope="module")
def client(shop: ShopProcess) -> ShopifyClient:
    return ShopifyClient(shop)


@pytest.mark.parametrize(
    ("version", "status"), [("2026-10", 200), ("2024-01", 200), ("2027-01", 404), ("v1", 404)]
)
def test_an_old_version_falls_forward_and_an_unknown_one_is_not_found(
    client: ShopifyClient, version: str, status: int
) -> None:
    answer = client.post(SHOP, version=version)
    assert answer.status_code == status
    assert answer.headers["X-Shopify-API-Version"] == "2026-10"


def test_mistakes_in_a_query_are_answered_200_with_errors(client: ShopifyClient) -> None:
    for text in ("{ shop {", "{ shop { colour } }", "query A { shop { name } } query B { shop { name } }"):
        answer = client.post(text)
        assert answer.status_code == 200
        assert answer.json()["errors"][0]["message"]
        assert "data" not in answer.json()


def test_a_body_without_a_query_is_400(client: ShopifyClient) -> None:
    url = f"{client.shop.url}/admin/api/2026-10/graphql.json"
    head = {"X-Shopify-Access-Token": client.token}
    for body in (b"{}", b"[1]", b"not json"):
        answer = client.shop.session.post(url, data=body, headers=head, timeout=PATIENCE_S)
        assert answer.status_code == 400


def test_the_cost_is_told_with_every_answer(client: ShopifyClient) -> None:
    cost = client.run(SHOP)["extensions"]["cost"]
    assert (cost["requestedQueryCost"], cost["actualQueryCost"]) == (1, 1)
    assert cost["throttleStatus"]["restoreRate"] == 2000.0
    gone = gid("WebhookSubscription", 1)
    document = f'mutation {{ webhookSubscriptionDelete(id: "{gone}") {{ userErrors {{ message }} }} }}'
    assert client.run(document)["extensions"]["cost"]["requestedQueryCost"] == 10


def test_a_page_costs_by_its_size_and_by_what_came(client: ShopifyClient) -> None:
    small, large = (client.run(f"{{ orders(first: {n}) {{ nodes {{ id }} }} }}") for n in (10, 250))
    wanted = [answer["extensions"]["cost"]["requestedQueryCost"] for answer in (small, large)]
    assert wanted[0] < wanted[1]
    assert large["extensions"]["cost"]["actualQueryCost"] < wanted[1]


def test_one_query_above_1000_points_is_refused(client: ShopifyClient) -> None:
    document = """{ orders(first: 250) { nodes { totalPriceSet { shopMoney { amount } } customer { id }
      lineItems(first: 100) { nodes { variant { id } product { id } } } } } }"""
    answer = client.run(document)
    assert answer["errors"][0]["extensions"]["code"] == "MAX_COST_EXCEEDED"
    assert answer["errors"][0]["extensions"]["maxCost"] == 1000


def test_an_empty_bucket_throttles_with_200_and_without_effect(
    shop: ShopProcess, client: ShopifyClient
) -> None:
    shop.add(*({"sku": new_sku()} for _ in range(250)))
    shop.do("plan", {"plan": "basic"}, method="PUT")
    try:
        answers = [client.post(ITEMS) for _ in range(40)]
        assert {answer.status_code for answer in answers} == {200}
        throttled = next(a.json() for a in answers if "errors" in a.json())
        assert throttled["errors"][0]["extensions"]["code"] == "THROTTLED"
        cost = throttled["extensions"]["cost"]
        assert cost["actualQueryCost"] is None
        assert cost["throttleStatus"]["restoreRate"] == 100.0
        assert cost["throttleStatus"]["currentlyAvailable"] < cost["requestedQueryCost"]
        assert "data" not in throttled
        refused = sum("errors" in answer.json() for answer in answers)
        assert sum(call["throttled"] for call in shop.events("call")) == refused
    finally:
        shop.do("plan", {"plan": "enterprise"}, method="PUT")
    assert "errors" not in client.run(SHOP)


def test_plans_restore_at_their_rate(shop: ShopProcess, client: ShopifyClient) -> None:
    rates = {}
    for plan in ("basic", "advanced", "plus", "enterprise"):
        shop.do("plan", {"plan": plan}, method="PUT")
        rates[plan] = client.run(SHOP)["extensions"]["cost"]["throttleStatus"]["restoreRate"]
    assert rates == {"basic": 100.0, "advanced": 200.0, "plus": 1000.0, "enterprise": 2000.0}
    assert shop.control("PUT", "plan", {"plan": "free"}).status_code == 400


@pytest.mark.parametrize(("fault", "status"), [("call_429", 429), ("call_5xx", 502)])
def test_a_scripted_fault_is_logged_with_the_root_field(
    shop: ShopProcess, client: ShopifyClient, fault: str, status: int
) -> None:
    item = shop.add({"sku": new_sku(), "stock": 10})[0]
    shop.faults(**{fault: 1.0, "seed": 5})
    document = """mutation($input: InventorySetQuantitiesInput!) {
      inventorySetQuantities(input: $input) @idempotent(key: "fault") { userErrors { code } } }"""
    row = place(item, quantity=1, changeFromQuantity=10)
    answer = client.post(document, input={"name": "available", "reason": "correction", "quantities": [row]})
    shop.faults(**{fault: 0.0})
    assert answer.status_code == status
    call = shop.events("call", endpoint="inventorySetQuantities", fault=fault.removeprefix("call_"))[-1]
    assert (call["write"], call["items"], call["status"]) == (True, 1, status)
    if fault == "call_429":
        assert shop.quantity(item["sku"]) == 10
        assert answer.headers["Retry-After"] == "2.0"


def test_a_cut_connection_leaves_the_outcome_open(shop: ShopProcess, client: ShopifyClient) -> None:
    item = shop.add({"sku": new_sku(), "stock": 100})[0]
    shop.faults(call_disconnect=1.0, seed=3)
    for number in range(12):
        with pytest.raises(requests.ConnectionError):
            client.adjust(place(item, delta=-1, changeFromQuantity=None), key=f"cut-{number}")
    shop.faults(call_disconnect=0.0)
    done = 100 - (shop.quantity(item["sku"]) or 0)
    assert 0 < done < 12
    for number in range(12):
        assert (
            client.adjust(place(item, delta=-1, changeFromQuantity=None), key=f"cut-{number}")["userErrors"]
            == []
        )
    assert shop.quantity(item["sku"]) == 88


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGKILL])
def test_everything_is_still_there_after_a_restart(
    shop: ShopProcess, client: ShopifyClient, sign: signal.Signals
) -> None:
    sku = new_sku()
    item = shop.add({"sku": sku, "stock": 10})[0]
    order = shop.order((sku, 3), customer={"email": "r@example.com", "first_name": "R", "last_name": "S"})
    shop.stop(sign)
    shop.start()
    assert client.levels(item) == {"available": 7, "on_hand": 10, "committed": 3}
    document = (
        "query($id: ID!) { order(id: $id) { customer { email } lineItems(first: 5) { nodes { sku } } } }"
    )
    seen = client.data(document, id=gid("Order", order))["order"]
    assert (seen["customer"]["email"], seen["lineItems"]["nodes"][0]["sku"]) == ("r@example.com", sku)
    assert shop.order((sku, 1)) == order + 1


def test_a_person_can_buy_and_set_stock_on_the_page(shop: ShopProcess) -> None:
    sku = new_sku()
    shop.add({"sku": sku, "stock": 10})
    form = {"sku": sku, "quantity": "3"}
    bought = shop.session.post(f"{shop.url}/shop/buy", data=form, timeout=PATIENCE_S)
    assert sku in bought.text
    assert shop.quantity(sku) == 7
    shop.session.post(f"{shop.url}/shop/stock", data={"sku": sku, "quantity": "20"}, timeout=PATIENCE_S)
    assert shop.quantity(sku) == 20
