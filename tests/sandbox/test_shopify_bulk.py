"""Bulk operations: JSONL with parents and children, and the limits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.shopify_client import ShopifyClient, gid, new_sku, running
from tests.sandbox.support import PATIENCE_S, Receiver, ShopProcess, until

RUN = """mutation($query: String!, $grouped: Boolean!) {
  bulkOperationRunQuery(query: $query, groupObjects: $grouped) {
    bulkOperation { id status } userErrors { code field message } } }"""
READ = """query($id: ID!) { bulkOperation(id: $id) {
  status errorCode url objectCount rootObjectCount fileSize type } }"""
VARIANTS = """{ productVariants(query: "id:>=%s") { edges { node { sku inventoryItem { tracked
  inventoryLevels { edges { node { quantities(names: ["available"]) { quantity } } } } } } } } }"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopProcess]:
    with running(tmp_path_factory.mktemp("shopify")) as shop:
        yield shop


@pytest.fixture(scope="module")
def client(shop: ShopProcess) -> ShopifyClient:
    return ShopifyClient(shop)


def start(client: ShopifyClient, query: str, *, grouped: bool = True) -> Any:
    return client.data(RUN, query=query, grouped=grouped)["bulkOperationRunQuery"]


def finished(client: ShopifyClient, number: str) -> Any:
    def ended() -> Any:
        operation = client.data(READ, id=number)["bulkOperation"]
        return operation if operation["status"] not in ("CREATED", "RUNNING") else None

    return until(ended)


def test_rows_and_their_children_come_as_lines(client: ShopifyClient) -> None:
    items = client.shop.add(*({"sku": new_sku(), "stock": n} for n in range(300)))
    started = start(client, VARIANTS % items[0]["listing_id"])
    assert (started["userErrors"], started["bulkOperation"]["status"]) == ([], "CREATED")
    operation = finished(client, started["bulkOperation"]["id"])
    assert (operation["status"], operation["rootObjectCount"], operation["objectCount"]) == (
        "COMPLETED",
        "300",
        "600",
    )
    body = client.shop.session.get(operation["url"], timeout=PATIENCE_S).text
    assert operation["fileSize"] == str(len(body.encode()))
    rows = [json.loads(line) for line in body.splitlines()]
    assert rows[0] == {"sku": items[0]["sku"], "inventoryItem": {"tracked": True}}
    assert rows[1] == {
        "quantities": [{"quantity": 0}],
        "__parentId": gid("ProductVariant", items[0]["listing_id"]),
    }
    assert [row["sku"] for row in rows if "sku" in row] == [item["sku"] for item in items]
    wrong = operation["url"].replace(".jsonl", "x.jsonl")
    assert client.shop.session.get(wrong, timeout=PATIENCE_S).status_code == 404


def test_the_end_is_announced(client: ShopifyClient, receiver: Receiver) -> None:
    client.subscribe("BULK_OPERATIONS_FINISH", receiver.url)
    client.shop.add({"sku": new_sku()})
    started = start(
        client, "{ products { nodes { id title variants { nodes { id sku } } } } }", grouped=False
    )
    news = receiver.wait(1)[0]
    assert news.headers["X-Shopify-Topic"] == "bulk_operations/finish"
    assert news.json["admin_graphql_api_id"] == started["bulkOperation"]["id"]
    assert news.json["status"] == "completed"
    current = client.data("{ currentBulkOperation { id url } }")["currentBulkOperation"]
    assert current["id"] == started["bulkOperation"]["id"]
    rows = [
        json.loads(line)
        for line in client.shop.session.get(current["url"], timeout=PATIENCE_S).text.splitlines()
    ]
    children = ["__parentId" in row for row in rows]
    assert children == sorted(children)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("{ shop { name } }", "top-level connection"),
        ("{ products { nodes { colour } } }", "colour"),
        ("{ orders { nodes { refunds { refundLineItems { nodes { quantity } } } } } }", "within a list"),
        (
            "{ locations { nodes { inventoryLevels { nodes { item { variants { nodes { product {"
            " variants { nodes { id } } } } } } } } } } }",
            "nesting depth",
        ),
    ],
)
def test_what_a_bulk_query_may_not_be(client: ShopifyClient, query: str, words: str) -> None:
    payload = start(client, query)
    assert payload["bulkOperation"] is None
    assert payload["userErrors"][0]["code"] == "INVALID"
    assert words in payload["userErrors"][0]["message"]


def test_five_run_at_once_and_one_can_be_cancelled(shop: ShopProcess, client: ShopifyClient) -> None:
    shop.do("processing", {"bulk_ms": 60_000})
    started = [start(client, "{ products { nodes { id } } }") for _ in range(5)]
    assert start(client, "{ products { nodes { id } } }")["userErrors"][0]["code"] == "LIMIT_REACHED"
    document = "mutation($id: ID!) { bulkOperationCancel(id: $id) { bulkOperation { status } } }"
    for payload in started:
        cancelled = client.data(document, id=payload["bulkOperation"]["id"])["bulkOperationCancel"]
        assert cancelled["bulkOperation"]["status"] == "CANCELED"
    shop.do("processing", {"bulk_ms": 0})
    assert start(client, "{ products { nodes { id } } }")["userErrors"] == []


def test_a_missing_scope_fails_the_operation(shop: ShopProcess) -> None:
    shop.add({"sku": new_sku()})
    client = ShopifyClient(shop, "read_orders")
    payload = start(client, "{ products { nodes { id } } }")
    operation = finished(client, payload["bulkOperation"]["id"])
    assert (operation["status"], operation["errorCode"], operation["url"]) == (
        "FAILED",
        "ACCESS_DENIED",
        None,
    )
