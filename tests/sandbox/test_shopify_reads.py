"""Reading: ids, searches, sorting, paging, duplicate SKUs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.sandbox.shopify_client import ShopifyClient, gid, new_sku, place, running
from tests.sandbox.support import ShopProcess, until

Item = dict[str, Any]
ORDERS = """query($query: String, $sort: OrderSortKeys, $first: Int, $after: String, $reverse: Boolean) {
  orders(first: $first, after: $after, query: $query, sortKey: $sort, reverse: $reverse) {
    edges { cursor node { id updatedAt } } nodes { id }
    pageInfo { hasNextPage hasPreviousPage endCursor } } }"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopProcess]:
    with running(tmp_path_factory.mktemp("shopify")) as shop:
        yield shop


@pytest.fixture(scope="module")
def client(shop: ShopProcess) -> ShopifyClient:
    return ShopifyClient(shop)


@pytest.fixture
def item(shop: ShopProcess) -> Item:
    return shop.add({"sku": new_sku(), "stock": 100})[0]


def orders(client: ShopifyClient, query: str | None = None, **args: Any) -> list[int]:
    page = client.data(ORDERS, **{"query": query, "first": 50} | args)["orders"]
    return [int(node["id"].rsplit("/", 1)[1]) for node in page["nodes"]]


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_orders_are_found_by_their_ids_in_one_call(client: ShopifyClient, item: Item) -> None:
    placed = [client.shop.order((item["sku"], 1)) for _ in range(3)]
    assert orders(client, f"id:{placed[2]} OR id:{placed[0]}") == [placed[0], placed[2]]
    document = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename ... on Order { id } } }"
    ids = [gid("Order", placed[1]), gid("Order", 1), gid("Location", item["location_id"])]
    nodes = client.data(document, ids=ids)["nodes"]
    assert [node and node["__typename"] for node in nodes] == ["Order", None, "Location"]


def test_orders_changed_since_a_moment_come_in_the_order_of_their_change(
    client: ShopifyClient, item: Item
) -> None:
    first, second = (client.shop.order((item["sku"], 2), paid=False) for _ in range(2))
    # The real grain is a second; only an order changed in a later one sorts behind.
    mark = time.time()
    while int(time.time()) == int(mark):
        time.sleep(0.02)
    client.shop.do(f"orders/{first}/pay")
    changed = orders(client, f"updated_at:>='{iso(time.time())}'", sort="UPDATED_AT")
    assert changed == [first]
    both = orders(client, f"id:>={first} AND updated_at:>='{iso(mark - 5)}'", sort="UPDATED_AT")
    assert both == [second, first]
    assert orders(client, f"id:>={first}", sort="UPDATED_AT", reverse=True) == [first, second]


def test_orders_changed_within_one_second_sort_by_id(client: ShopifyClient, item: Item) -> None:
    def changed_backwards() -> bool:
        first, second = (client.shop.order((item["sku"], 1), paid=False) for _ in range(2))
        for number in (second, first):
            client.shop.do(f"orders/{number}/pay")
        page = client.data(ORDERS, query=f"id:>={first}", sort="UPDATED_AT", first=5)["orders"]["edges"]
        moments = {edge["node"]["updatedAt"] for edge in page}
        ids = [edge["node"]["id"] for edge in page]
        return len(moments) == 1 and ids == [gid("Order", first), gid("Order", second)]

    # Once in a while the two payments fall into different seconds.
    assert until(changed_backwards)


def test_orders_are_filtered_by_their_states(client: ShopifyClient, item: Item) -> None:
    pending = client.shop.order((item["sku"], 1), paid=False)
    shipped = client.shop.order((item["sku"], 1))
    cancelled = client.shop.order((item["sku"], 1))
    client.shop.do(f"orders/{shipped}/fulfill")
    client.shop.do(f"orders/{cancelled}/cancel")
    recent = f"id:>={pending}"
    assert orders(client, f"{recent} financial_status:pending") == [pending]
    assert orders(client, f"{recent} fulfillment_status:shipped") == [shipped]
    assert orders(client, f"{recent} AND status:cancelled") == [cancelled]
    assert orders(client, f"{recent} AND status:open") == [pending, shipped]
    assert orders(client, f"{recent} AND NOT status:cancelled") == [pending, shipped]
    assert orders(client, f"{recent} AND (financial_status:pending OR status:cancelled)") == [
        pending,
        cancelled,
    ]
    assert orders(client, f"{recent} created_at:<'2020-01-01'") == []


def test_an_unknown_search_field_is_ignored_and_warned_about(client: ShopifyClient, item: Item) -> None:
    placed = client.shop.order((item["sku"], 1))
    answer = client.run(ORDERS, query=f"id:>={placed} AND colour:red", first=5)
    assert [node["id"] for node in answer["data"]["orders"]["nodes"]] == [gid("Order", placed)]
    warning = answer["extensions"]["search"][0]
    assert (warning["path"], warning["warnings"][0]["field"]) == (["orders"], "colour")


def test_pages_join_without_gap_or_repeat_forwards_and_backwards(client: ShopifyClient, item: Item) -> None:
    placed = [client.shop.order((item["sku"], 1)) for _ in range(5)]
    query = f"id:>={placed[0]}"
    found: list[str] = []
    after = None
    while True:
        page = client.data(ORDERS, query=query, first=2, after=after)["orders"]
        found += [edge["node"]["id"] for edge in page["edges"]]
        assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert found == [gid("Order", number) for number in placed]
    last = client.data(
        f'{{ orders(last: 2, query: "{query}") {{ nodes {{ id }} pageInfo {{ hasPreviousPage }} }} }}'
    )
    assert [node["id"] for node in last["orders"]["nodes"]] == found[-2:]
    assert last["orders"]["pageInfo"]["hasPreviousPage"] is True


def test_a_connection_wants_a_size_of_at_most_250(client: ShopifyClient) -> None:
    assert client.run("{ products { nodes { id } } }")["errors"][0]["message"] == (
        "you must provide one of first or last"
    )
    assert "errors" in client.run("{ products(first: 251) { nodes { id } } }")


def test_changed_levels_of_a_location_are_found(client: ShopifyClient, item: Item) -> None:
    mark = time.time()
    while int(time.time()) == int(mark):
        time.sleep(0.02)
    since = iso(time.time())
    changed = client.shop.add({"sku": new_sku(), "stock": 3})[0]
    client.set_stock(place(changed, quantity=2, changeFromQuantity=3))
    document = """query($id: ID!, $query: String) { location(id: $id) {
      inventoryLevels(first: 10, query: $query) {
      nodes { item { id sku } updatedAt quantities(names: ["available"]) { quantity } } } } }"""
    where = gid("Location", item["location_id"])
    found = client.data(document, id=where, query=f"updated_at:>='{since}'")["location"]["inventoryLevels"][
        "nodes"
    ]
    assert [(row["item"]["sku"], row["quantities"][0]["quantity"]) for row in found] == [(changed["sku"], 2)]


def test_skus_may_repeat_may_lack_and_keep_their_case(client: ShopifyClient) -> None:
    sku = new_sku()
    items = client.shop.add({"sku": sku}, {"sku": sku}, {"sku": None, "title": "plain"}, {"sku": sku.lower()})
    document = (
        "query($id: ID!) { inventoryItem(id: $id) { sku duplicateSkuCount tracked variant { id sku } } }"
    )
    seen = [
        client.data(document, id=gid("InventoryItem", item["stock_id"]))["inventoryItem"] for item in items
    ]
    assert [(row["sku"], row["duplicateSkuCount"]) for row in seen] == [
        (sku, 1),
        (sku, 1),
        (None, 0),
        (sku.lower(), 0),
    ]
    assert seen[0]["variant"]["id"] == gid("ProductVariant", items[0]["listing_id"])


def test_quantities_hang_on_the_item_at_a_location(client: ShopifyClient, item: Item) -> None:
    document = """query($id: ID!, $location: ID!) { inventoryItem(id: $id) {
      inventoryLevel(locationId: $location) {
      id item { id } location { id } quantities(names: ["available", "incoming"]) { name quantity } } } }"""
    variables = {
        "id": gid("InventoryItem", item["stock_id"]),
        "location": gid("Location", item["location_id"]),
    }
    level = client.data(document, **variables)["inventoryItem"]["inventoryLevel"]
    assert level["quantities"] == [
        {"name": "available", "quantity": 100},
        {"name": "incoming", "quantity": 0},
    ]
    again = client.data("query($id: ID!) { inventoryLevel(id: $id) { item { id } } }", id=level["id"])
    assert again["inventoryLevel"]["item"] == level["item"]


def test_a_thousand_products_are_taken_in_at_once_and_read_by_pages(client: ShopifyClient) -> None:
    rows = [
        {"title": "Bulk", "variants": [{"sku": new_sku(), "price": "1.00", "stock": 1}]} for _ in range(1000)
    ]
    items = client.shop.do("catalog", {"products": rows})["items"]
    found: list[str] = []
    after = None
    document = """query($after: String, $query: String) {
      productVariants(first: 250, after: $after, query: $query) {
      nodes { id } pageInfo { hasNextPage endCursor } } }"""
    query = f"id:>={items[0]['listing_id']}"
    while True:
        page = client.data(document, after=after, query=query)["productVariants"]
        found += [node["id"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert found == [gid("ProductVariant", item["listing_id"]) for item in items]
