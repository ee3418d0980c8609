"""Refunds and fulfilments by their global ids, through `node` and `nodes`."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.shopify_client import SCOPES, ShopifyClient, gid, new_sku, running
from tests.sandbox.support import ShopProcess

LINES = 593
REFUND = """query($id: ID!, $after: String) { node(id: $id) { __typename id ... on Refund {
  legacyResourceId order { id cancelledAt } totalRefundedSet { shopMoney { amount } }
  lines: refundLineItems(first: 250, after: $after) { pageInfo { hasNextPage endCursor }
    nodes { quantity restockType restocked location { id } lineItem { id sku } } } } } }"""
FULFILLMENT = """query($id: ID!, $after: String) { node(id: $id) { __typename id ... on Fulfillment {
  legacyResourceId order { id } status totalQuantity
  lines: fulfillmentLineItems(first: 250, after: $after) { pageInfo { hasNextPage endCursor }
    nodes { quantity lineItem { id sku } } } } } }"""
IDS = """query($id: ID!) { order(id: $id) { refunds { id } fulfillments { id } } }"""
NODES = """query($ids: [ID!]!) { nodes(ids: $ids) { __typename id
  ... on Refund { refundLineItems(first: 1) { pageInfo { hasNextPage } nodes { lineItem { sku } } } }
  ... on Fulfillment { fulfillmentLineItems(first: 1) { pageInfo { hasNextPage }
    nodes { lineItem { sku } } } } } }"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopProcess]:
    with running(tmp_path_factory.mktemp("shopify")) as shop:
        yield shop


@pytest.fixture(scope="module")
def client(shop: ShopProcess) -> ShopifyClient:
    return ShopifyClient(shop)


@pytest.fixture(scope="module")
def skus(shop: ShopProcess) -> list[str]:
    return [row["sku"] for row in shop.add(*({"sku": new_sku(), "price": "2.00"} for _ in range(LINES)))]


def ids_of(client: ShopifyClient, order: int) -> tuple[list[str], list[str]]:
    """The global ids of an order's refunds and fulfilments."""
    found = client.data(IDS, id=gid("Order", order))["order"]
    return [row["id"] for row in found["refunds"]], [row["id"] for row in found["fulfillments"]]


def pages(client: ShopifyClient, document: str, number: str) -> tuple[Any, list[int], list[Any]]:
    """A node, the sizes of the pages of its lines, and the lines of them all."""
    sizes: list[int] = []
    rows: list[Any] = []
    after = None
    while True:
        node = client.data(document, id=number, after=after)["node"]
        page = node.pop("lines")
        sizes.append(len(page["nodes"]))
        rows += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return node, sizes, rows


def test_the_refund_of_a_large_cancelled_order_is_read_by_pages(
    client: ShopifyClient, skus: list[str]
) -> None:
    order = client.shop.order(*((sku, 3) for sku in skus))
    returned = [{"sku": sku, "quantity": 1} for sku in skus[:260]]
    client.shop.do(f"orders/{order}/refund", {"lines": returned, "restock": False})
    client.shop.do(f"orders/{order}/cancel")
    (first, second), _ = ids_of(client, order)

    refund, sizes, rows = pages(client, REFUND, first)
    assert (refund["__typename"], refund["id"]) == ("Refund", first)
    assert refund["legacyResourceId"] == first.rsplit("/", 1)[1]
    assert refund["totalRefundedSet"]["shopMoney"]["amount"] == "520.00"
    assert sizes == [250, 10]
    assert [row["lineItem"]["sku"] for row in rows] == skus[:260]
    assert {(row["quantity"], row["restockType"], row["location"] is None) for row in rows} == {
        (1, "NO_RESTOCK", True)
    }

    refund, sizes, rows = pages(client, REFUND, second)
    assert refund["order"]["id"] == gid("Order", order)
    assert refund["order"]["cancelledAt"] is not None
    assert sizes == [250, 250, 93]
    assert [(row["lineItem"]["sku"], row["quantity"]) for row in rows] == [
        (sku, 2 if number < 260 else 3) for number, sku in enumerate(skus)
    ]
    assert {(row["restockType"], row["restocked"]) for row in rows} == {("CANCEL", True)}
    assert len({row["lineItem"]["id"] for row in rows}) == LINES


def test_a_large_fulfilment_is_read_by_pages(client: ShopifyClient, skus: list[str]) -> None:
    order = client.shop.order(*((sku, 2) for sku in skus))
    client.shop.do(f"orders/{order}/fulfill")
    _, (number,) = ids_of(client, order)
    fulfillment, sizes, rows = pages(client, FULFILLMENT, number)
    assert (fulfillment["__typename"], fulfillment["id"]) == ("Fulfillment", number)
    assert fulfillment["order"]["id"] == gid("Order", order)
    assert (fulfillment["status"], fulfillment["totalQuantity"]) == ("SUCCESS", 2 * LINES)
    assert sizes == [250, 250, 93]
    assert [(row["lineItem"]["sku"], row["quantity"]) for row in rows] == [(sku, 2) for sku in skus]


def test_refunds_and_fulfilments_keep_their_place_among_other_nodes(
    client: ShopifyClient, skus: list[str]
) -> None:
    first, second = skus[:2]
    order = client.shop.order((first, 2), (second, 2))
    client.shop.do(f"orders/{order}/fulfill", {"lines": [{"sku": second, "quantity": 1}]})
    client.shop.do(f"orders/{order}/fulfill", {"lines": [{"sku": first, "quantity": 1}]})
    client.shop.do(
        f"orders/{order}/refund", {"lines": [{"sku": sku, "quantity": 1} for sku in (first, second)]}
    )
    (refund,), (one, two) = ids_of(client, order)
    wanted = [two, gid("Refund", 1), gid("Order", order), refund, gid("Fulfillment", 1), one]
    nodes = client.data(NODES, ids=wanted)["nodes"]
    assert [node and node["id"] for node in nodes] == [two, None, gid("Order", order), refund, None, one]
    assert [node and node["__typename"] for node in nodes] == [
        "Fulfillment",
        None,
        "Order",
        "Refund",
        None,
        "Fulfillment",
    ]
    assert nodes[0]["fulfillmentLineItems"]["nodes"][0]["lineItem"]["sku"] == first
    assert nodes[5]["fulfillmentLineItems"]["nodes"][0]["lineItem"]["sku"] == second
    assert nodes[3]["refundLineItems"]["pageInfo"]["hasNextPage"] is True


def test_an_id_of_another_kind_or_without_a_number_finds_nothing(
    client: ShopifyClient, skus: list[str]
) -> None:
    order = client.shop.order((skus[0], 1))
    client.shop.do(f"orders/{order}/refund", {"lines": [{"sku": skus[0], "quantity": 1}]})
    (refund,), _ = ids_of(client, order)
    number = refund.rsplit("/", 1)[1]
    for wrong in (gid("Fulfillment", number), gid("Refund", f"{number}x"), gid("Refund", "")):
        assert client.data(REFUND, id=wrong)["node"] is None


def test_refunds_and_fulfilments_need_the_scope_of_orders(client: ShopifyClient, skus: list[str]) -> None:
    order = client.shop.order((skus[0], 1))
    client.shop.do(f"orders/{order}/fulfill")
    client.shop.do(f"orders/{order}/refund", {"lines": [{"sku": skus[0], "quantity": 1}]})
    (refund,), (fulfillment,) = ids_of(client, order)
    scopes = ",".join(scope for scope in SCOPES.split(",") if scope != "read_orders")
    blind = ShopifyClient(client.shop, scopes)
    for number in (refund, fulfillment):
        answer = blind.run("query($id: ID!) { node(id: $id) { id } }", id=number)
        assert answer["data"]["node"] is None
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["ACCESS_DENIED"]


def test_refunds_and_fulfilments_are_found_again_after_a_crash(
    client: ShopifyClient, skus: list[str]
) -> None:
    order = client.shop.order((skus[0], 2))
    client.shop.do(f"orders/{order}/fulfill")
    client.shop.do(f"orders/{order}/refund", {"lines": [{"sku": skus[0], "quantity": 1}]})
    (refund,), (fulfillment,) = ids_of(client, order)
    client.shop.stop(signal.SIGKILL)
    client.shop.start()
    nodes = client.data(NODES, ids=[refund, fulfillment])["nodes"]
    assert [node["id"] for node in nodes] == [refund, fulfillment]
