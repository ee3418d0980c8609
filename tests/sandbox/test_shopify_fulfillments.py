"""Fulfilment orders, and shipping their units by `fulfillmentCreate`, after the vendor's schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.shopify_client import SCOPES, ShopifyClient, gid, new_sku, running
from tests.sandbox.support import Receiver, ShopProcess

OPEN = """query($id: ID!) { order(id: $id) { displayFulfillmentStatus
  fulfillmentOrders(first: 10) { nodes { id status supportedActions { action }
    assignedLocation { location { id } }
    lineItems(first: 10) { nodes { id remainingQuantity totalQuantity lineItem { id } } } } }
  fulfillments(first: 10) { id location { id } trackingInfo { company number url }
    fulfillmentLineItems(first: 10) { nodes { quantity lineItem { id } } } } } }"""
SHIP = """mutation($fulfillment: FulfillmentInput!) { fulfillmentCreate(fulfillment: $fulfillment) {
  fulfillment { id status totalQuantity trackingInfo { number } } userErrors { field message } } }"""
LEVELS = """query($id: ID!) { inventoryItem(id: $id) { inventoryLevels(first: 5) { nodes {
  location { id } quantities(names: ["available", "on_hand", "committed"]) { quantity } } } } }"""
ACTIVATE = """mutation($item: ID!, $place: ID!, $available: Int) { inventoryActivate(
  inventoryItemId: $item, locationId: $place, available: $available) @idempotent(key: "k")
  { userErrors { message } } }"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopProcess]:
    with running(tmp_path_factory.mktemp("shopify")) as shop:
        yield shop


@pytest.fixture(scope="module")
def client(shop: ShopProcess) -> ShopifyClient:
    return ShopifyClient(shop)


@pytest.fixture
def item(shop: ShopProcess) -> dict[str, Any]:
    (item,) = shop.add({"sku": new_sku()})
    return item


def state_of(client: ShopifyClient, order: int) -> Any:
    return client.data(OPEN, id=gid("Order", order))["order"]


def open_orders(client: ShopifyClient, order: int) -> list[Any]:
    nodes = state_of(client, order)["fulfillmentOrders"]["nodes"]
    return [node for node in nodes if node["supportedActions"]]


def ship(client: ShopifyClient, *parts: tuple[Any, int | None], **more: Any) -> Any:
    """(a fulfilment order, units of its first line or None for all)"""
    rows: list[dict[str, Any]] = []
    for found, units in parts:
        row: dict[str, Any] = {"fulfillmentOrderId": found["id"]}
        if units is not None:
            line = {"id": found["lineItems"]["nodes"][0]["id"], "quantity": units}
            row["fulfillmentOrderLineItems"] = [line]
        rows.append(row)
    asked = {"lineItemsByFulfillmentOrder": rows, **more}
    return client.data(SHIP, fulfillment=asked)["fulfillmentCreate"]


def levels(client: ShopifyClient, item: dict[str, Any]) -> list[list[int]]:
    """[available, on hand, committed] by location."""
    found = client.data(LEVELS, id=gid("InventoryItem", item["stock_id"]))["inventoryItem"]
    return [[q["quantity"] for q in row["quantities"]] for row in found["inventoryLevels"]["nodes"]]


def test_shipping_takes_units_off_what_is_committed_and_on_hand(
    client: ShopifyClient, item: dict[str, Any], receiver: Receiver
) -> None:
    order = client.shop.order((item["sku"], 3))
    client.subscribe("ORDERS_UPDATED", f"{receiver.url}/{order}")
    (found,) = open_orders(client, order)
    assert levels(client, item) == [[7, 10, 3]]
    tracking = {"company": "DHL", "number": "00340", "url": "https://dhl.example/00340"}
    done = ship(client, (found, 1), trackingInfo=tracking, notifyCustomer=True)
    assert (done["userErrors"], done["fulfillment"]["totalQuantity"]) == ([], 1)
    assert levels(client, item) == [[7, 9, 2]]
    now = state_of(client, order)
    assert now["displayFulfillmentStatus"] == "PARTIALLY_FULFILLED"
    assert now["fulfillments"][0]["trackingInfo"] == [tracking]
    (told,) = receiver.wait(1, lambda r: r.path == f"/{order}")
    assert told.json["fulfillments"][0]["tracking_number"] == "00340"
    ship(client, (open_orders(client, order)[0], None))
    assert levels(client, item) == [[7, 7, 0]]
    assert state_of(client, order)["displayFulfillmentStatus"] == "FULFILLED"
    assert [o["status"] for o in state_of(client, order)["fulfillmentOrders"]["nodes"]] == ["CLOSED"]


def test_more_than_is_left_and_closed_fulfilment_orders_are_refused(
    client: ShopifyClient, item: dict[str, Any]
) -> None:
    order = client.shop.order((item["sku"], 2))
    (found,) = open_orders(client, order)
    for units in (3, 0):
        refused = ship(client, (found, units))
        assert refused["fulfillment"] is None
        assert refused["userErrors"] == [
            {
                "field": ["fulfillment"],
                "message": "Invalid fulfillment order line item quantity requested.",
            }
        ]
    assert levels(client, item) == [[8, 10, 2]]
    ship(client, (found, None))
    (error,) = ship(client, (found, 1))["userErrors"]
    assert "has an unfulfillable status= closed." in error["message"]


def test_cancelling_closes_and_editing_changes_what_is_to_be_shipped(
    client: ShopifyClient, item: dict[str, Any]
) -> None:
    sku = item["sku"]
    order = client.shop.order((sku, 2))
    client.shop.do(f"orders/{order}/edit", {"lines": [{"sku": sku, "quantity": 5}]})
    (found,) = open_orders(client, order)
    assert found["lineItems"]["nodes"][0]["remainingQuantity"] == 5
    client.shop.do(f"orders/{order}/refund", {"lines": [{"sku": sku, "quantity": 4}]})
    assert open_orders(client, order)[0]["lineItems"]["nodes"][0]["remainingQuantity"] == 1
    client.shop.do(f"orders/{order}/cancel")
    assert open_orders(client, order) == []
    assert "unfulfillable" in ship(client, (found, 1))["userErrors"][0]["message"]
    assert levels(client, item) == [[10, 10, 0]]


def test_units_moved_to_another_location_ship_from_there_in_a_parcel_of_their_own(
    client: ShopifyClient, item: dict[str, Any]
) -> None:
    place = client.shop.do("locations", {"name": "Attic"})["location_id"]
    ids = {"item": gid("InventoryItem", item["stock_id"]), "place": gid("Location", place)}
    assert client.data(ACTIVATE, **ids, available=5)["inventoryActivate"]["userErrors"] == []
    order = client.shop.order((item["sku"], 3))
    moved = {"lines": [{"sku": item["sku"], "quantity": 1}], "location_id": place}
    client.shop.do(f"orders/{order}/move", moved)
    assert levels(client, item) == [[8, 10, 2], [4, 5, 1]]
    here, there = open_orders(client, order)
    assert here["lineItems"]["nodes"][0]["lineItem"] == there["lineItems"]["nodes"][0]["lineItem"]
    (error,) = ship(client, (here, None), (there, None))["userErrors"]
    assert "same location" in error["message"]
    ship(client, (there, None))
    assert levels(client, item) == [[8, 10, 2], [4, 4, 0]]
    client.shop.do(f"orders/{order}/fulfill")
    assert levels(client, item) == [[8, 8, 0], [4, 4, 0]]


def test_an_app_without_the_scopes_sees_and_ships_nothing(
    client: ShopifyClient, item: dict[str, Any]
) -> None:
    order = client.shop.order((item["sku"], 1))
    (found,) = open_orders(client, order)
    scopes = SCOPES.replace(",write_merchant_managed_fulfillment_orders", "")
    poor = ShopifyClient(client.shop, scopes)
    asked = {"lineItemsByFulfillmentOrder": [{"fulfillmentOrderId": found["id"]}]}
    for answer in (poor.run(OPEN, id=gid("Order", order)), poor.run(SHIP, fulfillment=asked)):
        assert "ACCESS_DENIED" in [error["extensions"]["code"] for error in answer["errors"]]
    assert len(open_orders(client, order)) == 1


def test_a_catalog_opens_at_further_locations_without_a_merchants_edit(client: ShopifyClient) -> None:
    place = client.shop.do("locations", {"name": "Barn"})["location_id"]
    sku = new_sku()
    client.shop.add({"sku": sku, "stock": 4, "stock_elsewhere": {place: 3}})
    items = [item for item in client.shop.do("truth", method="GET")["items"] if item["sku"] == sku]
    assert {item["location_id"]: item["quantity"] for item in items}[place] == 3
    assert sorted(item["quantity"] for item in items) == [3, 4]
    opened = client.shop.events("stock", sku=sku)
    assert [(e["cause"], e["from"], e["to"]) for e in opened] == [("catalog", None, 4), ("catalog", None, 3)]
