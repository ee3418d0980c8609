"""The stock mutations: what is written, what is refused, and with which words."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.shopify_client import ADJUST, SET, ShopifyClient, codes, gid, new_sku, place, running
from tests.sandbox.support import ShopProcess

Item = dict[str, Any]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopProcess]:
    with running(tmp_path_factory.mktemp("shopify")) as shop:
        yield shop


@pytest.fixture(scope="module")
def client(shop: ShopProcess) -> ShopifyClient:
    return ShopifyClient(shop)


@pytest.fixture
def item(shop: ShopProcess) -> Item:
    return shop.add({"sku": new_sku(), "stock": 10})[0]


def test_a_set_from_the_right_number_is_written(client: ShopifyClient, item: Item) -> None:
    payload = client.set_stock(place(item, quantity=7, changeFromQuantity=10))
    assert payload["userErrors"] == []
    changes = {
        (c["name"], c["delta"], c["quantityAfterChange"])
        for c in payload["inventoryAdjustmentGroup"]["changes"]
    }
    assert changes == {("available", -3, 7), ("on_hand", -3, 7)}
    assert client.levels(item) == {"available": 7, "on_hand": 7, "committed": 0}


def test_a_stale_number_is_refused_with_its_path(client: ShopifyClient, item: Item) -> None:
    payload = client.set_stock(place(item, quantity=7, changeFromQuantity=9))
    assert codes(payload) == ["CHANGE_FROM_QUANTITY_STALE"]
    assert payload["userErrors"][0]["field"] == ["input", "quantities", "0", "changeFromQuantity"]
    assert payload["inventoryAdjustmentGroup"] is None
    assert client.shop.quantity(item["sku"]) == 10


def test_one_error_keeps_the_whole_mutation_from_writing(
    shop: ShopProcess, client: ShopifyClient, item: Item
) -> None:
    other = shop.add({"sku": new_sku(), "stock": 5})[0]
    rows = [place(other, quantity=1, changeFromQuantity=5), place(item, quantity=1, changeFromQuantity=99)]
    payload = client.set_stock(*rows)
    assert payload["userErrors"][0]["field"] == ["input", "quantities", "1", "changeFromQuantity"]
    assert (shop.quantity(other["sku"]), shop.quantity(item["sku"])) == (5, 10)


def test_an_explicit_null_opts_out_of_the_comparison(client: ShopifyClient, item: Item) -> None:
    assert client.set_stock(place(item, quantity=3, changeFromQuantity=None))["userErrors"] == []
    assert client.shop.quantity(item["sku"]) == 3


@pytest.mark.parametrize(
    ("document", "rows", "value"), [(SET, "quantities", "quantity"), (ADJUST, "changes", "delta")]
)
def test_change_from_quantity_must_be_sent(
    client: ShopifyClient, item: Item, document: str, rows: str, value: str
) -> None:
    given = {"name": "available", "reason": "correction", rows: [place(item, **{value: 1})]}
    answer = client.run(document, input=given, key=str(uuid.uuid4()))
    assert answer["errors"][0]["extensions"]["code"] == "INVALID_FIELD_ARGUMENTS"
    assert "changeFromQuantity" in answer["errors"][0]["message"]
    assert client.shop.quantity(item["sku"]) == 10


@pytest.mark.parametrize(
    ("name", "change"),
    [("inventorySetQuantities", "quantities"), ("inventoryAdjustQuantities", "changes")],
)
def test_a_mutation_without_the_directive_is_refused(
    client: ShopifyClient, item: Item, name: str, change: str
) -> None:
    type_ = name[0].upper() + name[1:] + "Input"
    value = "quantity" if change == "quantities" else "delta"
    given = {"name": "available", "reason": "correction"}
    given[change] = [place(item, **{value: 1, "changeFromQuantity": None})]  # type: ignore[assignment]  # a list
    document = f"mutation($input: {type_}!) {{ {name}(input: $input) {{ userErrors {{ code }} }} }}"
    answer = client.run(document, input=given)
    assert answer["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
    assert "@idempotent" in answer["errors"][0]["message"]
    assert client.shop.quantity(item["sku"]) == 10


def test_an_empty_key_is_refused(client: ShopifyClient, item: Item) -> None:
    given = {"name": "available", "reason": "correction"}
    rows = [place(item, quantity=1, changeFromQuantity=None)]
    answer = client.run(SET, input={**given, "quantities": rows}, key="  ")
    assert answer["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
    assert client.shop.quantity(item["sku"]) == 10


def test_a_level_can_go_negative_by_a_delta_but_not_by_a_set(client: ShopifyClient, item: Item) -> None:
    refused = client.set_stock(place(item, quantity=-1, changeFromQuantity=10))
    assert codes(refused) == ["INVALID_QUANTITY_NEGATIVE"]
    assert refused["userErrors"][0]["field"] == ["input", "quantities", "0", "quantity"]
    assert client.adjust(place(item, delta=-12, changeFromQuantity=None))["userErrors"] == []
    assert client.shop.quantity(item["sku"]) == -2


def test_a_delta_compares_too_and_later_rows_see_earlier_ones(client: ShopifyClient, item: Item) -> None:
    rows = [place(item, delta=-4, changeFromQuantity=10), place(item, delta=1, changeFromQuantity=6)]
    assert client.adjust(*rows)["userErrors"] == []
    assert client.shop.quantity(item["sku"]) == 7
    assert codes(client.adjust(place(item, delta=1, changeFromQuantity=10))) == ["CHANGE_FROM_QUANTITY_STALE"]


def test_on_hand_is_set_apart_from_what_is_committed(
    shop: ShopProcess, client: ShopifyClient, item: Item
) -> None:
    shop.order((item["sku"], 4))
    assert client.levels(item) == {"available": 6, "on_hand": 10, "committed": 4}
    payload = client.set_stock(place(item, quantity=12, changeFromQuantity=10), name="on_hand")
    assert payload["userErrors"] == []
    assert client.levels(item) == {"available": 8, "on_hand": 12, "committed": 4}


@pytest.mark.parametrize(
    ("head", "code"),
    [
        ({"name": "committed"}, "INVALID_NAME"),
        ({"reason": "because"}, "INVALID_REASON"),
        ({"referenceDocumentUri": "no scheme"}, "INVALID_REFERENCE_DOCUMENT"),
        ({"referenceDocumentUri": "gid://syncflow/Push"}, "INVALID_REFERENCE_DOCUMENT"),
    ],
)
def test_a_bad_head_is_refused(client: ShopifyClient, item: Item, head: dict[str, str], code: str) -> None:
    payload = client.set_stock(place(item, quantity=1, changeFromQuantity=10), **head)
    assert codes(payload) == [code]
    assert payload["userErrors"][0]["field"] == ["input", next(iter(head))]


def test_unknown_items_and_locations_and_twice_the_same_are_refused(
    client: ShopifyClient, item: Item
) -> None:
    row = place(item, quantity=1, changeFromQuantity=10)
    strange = client.set_stock(
        {**row, "inventoryItemId": gid("InventoryItem", 1)}, {**row, "locationId": "gid://x"}
    )
    assert codes(strange) == ["INVALID_INVENTORY_ITEM", "INVALID_LOCATION"]
    assert codes(client.set_stock(row, row)) == ["NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR"]


def test_bundle_parents_and_untracked_items_are_not_written(shop: ShopProcess, client: ShopifyClient) -> None:
    bundle, untracked = shop.add({"sku": new_sku(), "bundle": True}, {"sku": new_sku(), "stock": None})
    payload = client.set_stock(
        place(bundle, quantity=1, changeFromQuantity=None),
        place(untracked, quantity=1, changeFromQuantity=None),
    )
    assert codes(payload) == ["NON_MUTABLE_INVENTORY_ITEM", "INVALID_INVENTORY_ITEM"]
    assert "tracking" in payload["userErrors"][1]["message"]


def test_250_quantities_are_taken_and_251_are_not(shop: ShopProcess, client: ShopifyClient) -> None:
    items = shop.add(*({"sku": new_sku(), "stock": 1} for _ in range(251)))
    rows = [place(item, quantity=2, changeFromQuantity=1) for item in items]
    given = {"name": "available", "reason": "correction", "quantities": rows}
    answer = client.run(SET, input=given, key=str(uuid.uuid4()))
    assert answer["errors"][0]["extensions"]["code"] == "MAX_INPUT_SIZE_EXCEEDED"
    assert client.set_stock(*rows[:250])["userErrors"] == []
    assert (shop.quantity(items[249]["sku"]), shop.quantity(items[250]["sku"])) == (2, 1)


def test_a_call_event_counts_the_numbers_written_and_stock_events_name_the_call(
    shop: ShopProcess, client: ShopifyClient, item: Item
) -> None:
    client.set_stock(place(item, quantity=4, changeFromQuantity=10))
    call = shop.events("call", endpoint="inventorySetQuantities")[-1]
    assert (call["write"], call["items"], call["status"]) == (True, 1, 200)
    stock = shop.events("stock", sku=item["sku"], cause="api")[0]
    assert (stock["from"], stock["to"], stock["call_id"]) == (10, 4, call["call_id"])


def test_a_write_of_the_same_number_changes_nothing_and_has_no_group(
    shop: ShopProcess, client: ShopifyClient, item: Item
) -> None:
    payload = client.set_stock(place(item, quantity=10, changeFromQuantity=10))
    assert payload == {"inventoryAdjustmentGroup": None, "userErrors": []}
    assert [e["cause"] for e in shop.events("stock", sku=item["sku"])] == ["catalog", "api_same"]


def test_an_item_must_be_activated_at_a_location_first(
    shop: ShopProcess, client: ShopifyClient, item: Item
) -> None:
    second = shop.do("locations", {"name": "Annex"})["location_id"]
    there = {**item, "location_id": second}
    assert codes(client.set_stock(place(there, quantity=1, changeFromQuantity=None))) == ["INVALID_LOCATION"]
    document = """mutation($item: ID!, $location: ID!, $available: Int, $key: String!) {
      inventoryActivate(inventoryItemId: $item, locationId: $location, available: $available)
      @idempotent(key: $key) {
        inventoryLevel { quantities(names: ["available"]) { quantity } } userErrors { field message } } }"""
    where = {"item": gid("InventoryItem", item["stock_id"]), "location": gid("Location", second)}
    payload = client.data(document, **where, available=3, key="activate-1")["inventoryActivate"]
    assert payload["inventoryLevel"]["quantities"] == [{"quantity": 3}]
    again = client.data(document, **where, available=5, key="activate-2")["inventoryActivate"]
    assert again["userErrors"][0]["field"] == ["available"]
    assert client.set_stock(place(there, quantity=1, changeFromQuantity=3))["userErrors"] == []
