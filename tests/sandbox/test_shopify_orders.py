"""What the shop does to its own stock, and how an order shows it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.shopify_client import ShopifyClient, gid, new_sku, place, running
from tests.sandbox.support import ShopProcess

Item = dict[str, Any]
ORDER = """query($id: ID!, $after: String) { order(id: $id) {
  name displayFinancialStatus displayFulfillmentStatus cancelledAt edited test
  currentTotalPriceSet { shopMoney { amount } } totalRefundedSet { shopMoney { amount currencyCode } }
  totalPriceSet { shopMoney { amount } } subtotalPriceSet { shopMoney { amount } }
  lineItems(first: 250, after: $after) { pageInfo { hasNextPage endCursor }
    nodes { id sku quantity currentQuantity unfulfilledQuantity refundableQuantity variant { id } } }
  refunds { totalRefundedSet { shopMoney { amount } } refundLineItems(first: 50) { nodes {
    quantity restockType restocked location { id } lineItem { sku } } } }
  fulfillments { status fulfillmentLineItems(first: 50) { nodes { quantity lineItem { sku } } } } } }"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopProcess]:
    with running(tmp_path_factory.mktemp("shopify")) as shop:
        yield shop


@pytest.fixture(scope="module")
def client(shop: ShopProcess) -> ShopifyClient:
    return ShopifyClient(shop)


@pytest.fixture
def item(shop: ShopProcess) -> Item:
    return shop.add({"sku": new_sku(), "stock": 10, "price": "5.00"})[0]


def read(client: ShopifyClient, order: int) -> Any:
    return client.data(ORDER, id=gid("Order", order))["order"]


def only_line(order: Any) -> dict[str, int]:
    line = order["lineItems"]["nodes"][0]
    return {name: line[name] for name in ("quantity", "currentQuantity", "unfulfilledQuantity")}


def refund_lines(order: Any) -> list[tuple[int, str, bool]]:
    rows = [row for refund in order["refunds"] for row in refund["refundLineItems"]["nodes"]]
    return [(row["quantity"], row["restockType"], row["restocked"]) for row in rows]


@pytest.mark.parametrize(("paid", "status"), [(True, "PAID"), (False, "PENDING")])
def test_available_falls_at_checkout_paid_or_not(
    client: ShopifyClient, item: Item, paid: bool, status: str
) -> None:
    order = client.shop.order((item["sku"], 4), paid=paid)
    assert client.levels(item) == {"available": 6, "on_hand": 10, "committed": 4}
    assert read(client, order)["displayFinancialStatus"] == status


def test_paying_moves_no_stock(client: ShopifyClient, item: Item) -> None:
    order = client.shop.order((item["sku"], 4), paid=False)
    client.shop.do(f"orders/{order}/pay")
    assert read(client, order)["displayFinancialStatus"] == "PAID"
    assert client.levels(item)["available"] == 6


def test_a_buyer_is_refused_the_whole_order_when_stock_is_short(client: ShopifyClient, item: Item) -> None:
    other = client.shop.add({"sku": new_sku(), "stock": 10})[0]
    wanted = [{"sku": other["sku"], "quantity": 1}, {"sku": item["sku"], "quantity": 11}]
    answer = client.shop.control("POST", "orders", {"lines": wanted, "reference": "r-1"})
    assert (answer.status_code, answer.json()) == (409, {"refused": "out_of_stock", "skus": [item["sku"]]})
    assert client.shop.quantity(other["sku"]) == 10
    assert client.shop.events("order", action="refused", reference="r-1")


def test_two_lines_of_one_sku_are_short_together(client: ShopifyClient, item: Item) -> None:
    wanted = [{"sku": item["sku"], "quantity": 6}, {"sku": item["sku"], "quantity": 6}]
    assert client.shop.control("POST", "orders", {"lines": wanted}).status_code == 409


def test_untracked_items_always_sell_and_never_move(client: ShopifyClient) -> None:
    item = client.shop.add({"sku": new_sku(), "stock": None})[0]
    client.shop.order((item["sku"], 500))
    assert client.levels(item) == {"available": 0, "on_hand": 0, "committed": 0}


def test_shipping_takes_from_on_hand(client: ShopifyClient, item: Item) -> None:
    order = client.shop.order((item["sku"], 4))
    client.shop.do(f"orders/{order}/fulfill", {"lines": [{"sku": item["sku"], "quantity": 3}]})
    assert client.levels(item) == {"available": 6, "on_hand": 7, "committed": 1}
    seen = read(client, order)
    assert seen["displayFulfillmentStatus"] == "PARTIALLY_FULFILLED"
    assert only_line(seen) == {"quantity": 4, "currentQuantity": 4, "unfulfilledQuantity": 1}
    assert [row["quantity"] for row in seen["fulfillments"][0]["fulfillmentLineItems"]["nodes"]] == [3]
    client.shop.do(f"orders/{order}/fulfill")
    assert read(client, order)["displayFulfillmentStatus"] == "FULFILLED"


@pytest.mark.parametrize(("restock", "kind", "left"), [(True, "CANCEL", 10), (False, "NO_RESTOCK", 6)])
def test_cancelling_restocks_or_writes_off(
    client: ShopifyClient, item: Item, restock: bool, kind: str, left: int
) -> None:
    order = client.shop.order((item["sku"], 4))
    client.shop.do(f"orders/{order}/cancel", {"restock": restock})
    assert client.levels(item) == {"available": left, "on_hand": left, "committed": 0}
    seen = read(client, order)
    assert seen["cancelledAt"] is not None
    assert seen["displayFinancialStatus"] == "REFUNDED"
    assert only_line(seen) == {"quantity": 4, "currentQuantity": 0, "unfulfilledQuantity": 0}
    assert refund_lines(seen) == [(4, kind, restock)]
    before_returns = [seen[name]["shopMoney"]["amount"] for name in ("totalPriceSet", "subtotalPriceSet")]
    assert before_returns == ["20.00", "20.00"]
    assert seen["currentTotalPriceSet"]["shopMoney"]["amount"] == "0.00"


def test_an_unpaid_order_is_voided_and_repays_nothing(client: ShopifyClient, item: Item) -> None:
    order = client.shop.order((item["sku"], 4), paid=False)
    client.shop.do(f"orders/{order}/cancel")
    seen = read(client, order)
    assert seen["displayFinancialStatus"] == "VOIDED"
    assert seen["totalRefundedSet"]["shopMoney"]["amount"] == "0.00"
    assert client.shop.quantity(item["sku"]) == 10


def test_a_refund_returns_shipped_units_and_cancels_unshipped_ones(client: ShopifyClient, item: Item) -> None:
    order = client.shop.order((item["sku"], 4))
    client.shop.do(f"orders/{order}/fulfill", {"lines": [{"sku": item["sku"], "quantity": 2}]})
    client.shop.do(
        f"orders/{order}/refund", {"lines": [{"sku": item["sku"], "quantity": 3}], "restock": True}
    )
    seen = read(client, order)
    assert refund_lines(seen) == [(2, "RETURN", True), (1, "CANCEL", True)]
    assert only_line(seen) == {"quantity": 4, "currentQuantity": 1, "unfulfilledQuantity": 1}
    assert client.levels(item) == {"available": 9, "on_hand": 10, "committed": 1}
    assert seen["displayFinancialStatus"] == "PARTIALLY_REFUNDED"
    assert seen["totalRefundedSet"]["shopMoney"] == {"amount": "15.00", "currencyCode": "USD"}


def test_a_refund_without_restock_loses_the_units(client: ShopifyClient, item: Item) -> None:
    order = client.shop.order((item["sku"], 4))
    client.shop.do(
        f"orders/{order}/refund", {"lines": [{"sku": item["sku"], "quantity": 1}], "restock": False}
    )
    assert refund_lines(read(client, order)) == [(1, "NO_RESTOCK", False)]
    assert client.levels(item) == {"available": 6, "on_hand": 9, "committed": 3}


def test_no_more_is_refunded_than_was_bought(client: ShopifyClient, item: Item) -> None:
    order = client.shop.order((item["sku"], 4))
    body = {"lines": [{"sku": item["sku"], "quantity": 5}]}
    assert client.shop.control("POST", f"orders/{order}/refund", body).status_code == 400
    assert client.shop.quantity(item["sku"]) == 6


def test_raising_a_line_takes_stock_or_is_refused(client: ShopifyClient, item: Item) -> None:
    order = client.shop.order((item["sku"], 4))
    client.shop.do(f"orders/{order}/edit", {"lines": [{"sku": item["sku"], "quantity": 9}]})
    assert client.levels(item) == {"available": 1, "on_hand": 10, "committed": 9}
    seen = read(client, order)
    assert (seen["edited"], seen["displayFinancialStatus"]) == (True, "PARTIALLY_PAID")
    body = {"lines": [{"sku": item["sku"], "quantity": 11}]}
    assert client.shop.control("POST", f"orders/{order}/edit", body).status_code == 409
    assert client.shop.quantity(item["sku"]) == 1


@pytest.mark.parametrize(("restock", "kind", "left"), [(True, "CANCEL", 9), (False, "NO_RESTOCK", 6)])
def test_lowering_a_line_is_a_refund_line_and_quantity_stays(
    client: ShopifyClient, item: Item, restock: bool, kind: str, left: int
) -> None:
    order = client.shop.order((item["sku"], 4))
    lines = [{"sku": item["sku"], "quantity": 1}]
    client.shop.do(f"orders/{order}/edit", {"lines": lines, "restock": restock})
    seen = read(client, order)
    assert only_line(seen) == {"quantity": 4, "currentQuantity": 1, "unfulfilledQuantity": 1}
    assert refund_lines(seen) == [(3, kind, restock)]
    assert client.levels(item)["available"] == left
    assert (
        seen["totalPriceSet"]["shopMoney"]["amount"],
        seen["currentTotalPriceSet"]["shopMoney"]["amount"],
    ) == (
        "20.00",
        "5.00",
    )


def test_an_edit_can_add_a_line(client: ShopifyClient, item: Item) -> None:
    other = client.shop.add({"sku": new_sku(), "stock": 3})[0]
    order = client.shop.order((item["sku"], 1))
    client.shop.do(f"orders/{order}/edit", {"lines": [{"sku": other["sku"], "quantity": 2}]})
    assert [line["sku"] for line in read(client, order)["lineItems"]["nodes"]] == [item["sku"], other["sku"]]
    assert client.shop.quantity(other["sku"]) == 1


def test_units_on_several_lines_of_a_sku_are_found(client: ShopifyClient, item: Item) -> None:
    order = client.shop.order((item["sku"], 2), (item["sku"], 3))
    client.shop.do(f"orders/{order}/refund", {"lines": [{"sku": item["sku"], "quantity": 4}]})
    assert client.levels(item) == {"available": 9, "on_hand": 10, "committed": 1}
    client.shop.do(f"orders/{order}/edit", {"lines": [{"sku": item["sku"], "quantity": 0}]})
    assert client.shop.quantity(item["sku"]) == 10


def test_an_order_of_593_lines_is_read_by_pages(shop: ShopProcess, client: ShopifyClient) -> None:
    skus = [item["sku"] for item in shop.add(*({"sku": new_sku()} for _ in range(593)))]
    order = shop.order(*((sku, 1) for sku in skus))
    found: list[str] = []
    after = None
    while True:
        page = client.data(ORDER, id=gid("Order", order), after=after)["order"]["lineItems"]
        found += [line["sku"] for line in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert found == skus


def test_a_merchants_edit_and_an_api_write_are_told_apart(client: ShopifyClient, item: Item) -> None:
    assert client.shop.do("stock", {"sku": item["sku"], "delta": -3})["to"] == 7
    client.set_stock(place(item, quantity=2, changeFromQuantity=7))
    changes = [(e["from"], e["to"], e["cause"]) for e in client.shop.events("stock", sku=item["sku"])]
    assert changes == [(None, 10, "catalog"), (10, 7, "merchant"), (7, 2, "api")]


def test_the_control_api_shows_current_quantities_and_what_came_back(
    client: ShopifyClient, item: Item
) -> None:
    order = client.shop.order((item["sku"], 4), reference="shown")
    client.shop.do(f"orders/{order}/refund", {"lines": [{"sku": item["sku"], "quantity": 1}]})
    shown = client.shop.do(f"orders?after={order - 1}&limit=1", method="GET")
    line = {"sku": item["sku"], "listing_id": item["listing_id"], "quantity": 3, "restocked": 1}
    assert (shown["orders"][0]["reference"], shown["orders"][0]["lines"]) == ("shown", [line])
    assert shown["next"] == order


def test_test_orders_are_marked(client: ShopifyClient, item: Item) -> None:
    order = client.shop.order((item["sku"], 1), test=True)
    assert read(client, order)["test"] is True
