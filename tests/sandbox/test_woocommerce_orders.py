"""What orders do to stock, and how they show it."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.support import ShopProcess
from tests.sandbox.woo_client import WooClient


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopProcess]:
    shop = ShopProcess("woocommerce", tmp_path_factory.mktemp("shop"))
    yield shop
    shop.session.close()
    shop.stop()


@pytest.fixture(scope="module")
def client(shop: ShopProcess) -> WooClient:
    return WooClient(shop)


def meta(line: dict[str, Any]) -> dict[str, str]:
    return {entry["key"]: entry["value"] for entry in line["meta_data"]}


def line_of(client: WooClient, order_id: int) -> dict[str, Any]:
    (line,) = client.get(f"orders/{order_id}")["line_items"]
    return dict(line)


def test_a_paid_order_takes_stock_and_says_so_on_the_line(shop: ShopProcess, client: WooClient) -> None:
    shop.add({"sku": "paid"})
    order_id = shop.order(
        ("paid", 3), customer={"email": "ada@example.com", "first_name": "Ada", "last_name": "Byron"}
    )
    assert shop.quantity("paid") == 7
    order = client.get(f"orders/{order_id}")
    assert (order["status"], order["total"], order["billing"]["email"]) == (
        "processing",
        "29.97",
        "ada@example.com",
    )
    assert order["date_paid_gmt"] is not None
    (line,) = order["line_items"]
    assert (line["quantity"], line["sku"], line["price"], meta(line)) == (
        3,
        "paid",
        9.99,
        {"_reduced_stock": "3"},
    )


def test_pending_takes_nothing_and_on_hold_does(shop: ShopProcess, client: WooClient) -> None:
    shop.add({"sku": "waits"})
    pending = shop.order(("waits", 2), paid=False)
    assert client.get(f"orders/{pending}")["status"] == "pending"
    assert shop.quantity("waits") == 10
    shop.order(("waits", 3), paid=False, status="on-hold")
    assert shop.quantity("waits") == 7
    shop.do(f"orders/{pending}/pay")
    assert shop.quantity("waits") == 5
    assert shop.events("stock", sku="waits")[-1]["cause"] == "pay"


def test_cancelling_gives_back_and_processing_again_takes_again(shop: ShopProcess, client: WooClient) -> None:
    shop.add({"sku": "back"})
    order_id = shop.order(("back", 4))
    shop.do(f"orders/{order_id}/cancel")
    assert shop.quantity("back") == 10
    assert "_reduced_stock" not in meta(line_of(client, order_id))
    client.put(f"orders/{order_id}", {"status": "processing"})
    assert shop.quantity("back") == 6
    client.put(f"orders/{order_id}", {"status": "completed"})
    assert shop.quantity("back") == 6


def test_editing_a_line_adjusts_the_stock(shop: ShopProcess, client: WooClient) -> None:
    shop.add({"sku": "edit"})
    order_id = shop.order(("edit", 2))
    shop.do(f"orders/{order_id}/edit", {"lines": [{"sku": "edit", "quantity": 5}]})
    assert shop.quantity("edit") == 5
    assert meta(line_of(client, order_id)) == {"_reduced_stock": "5"}
    line = line_of(client, order_id)
    client.put(f"orders/{order_id}", {"line_items": [{"id": line["id"], "quantity": 1}]})
    assert shop.quantity("edit") == 9
    shop.do(f"orders/{order_id}/edit", {"lines": [{"sku": "edit", "quantity": 0}]})
    assert shop.quantity("edit") == 10
    assert client.get(f"orders/{order_id}")["line_items"] == []


def test_an_edit_can_add_a_line_but_not_more_than_there_is(shop: ShopProcess) -> None:
    shop.add({"sku": "first"})
    shop.add({"sku": "second", "stock": 2})
    order_id = shop.order(("first", 1))
    too_many = shop.control("POST", f"orders/{order_id}/edit", {"lines": [{"sku": "second", "quantity": 3}]})
    assert (too_many.status_code, too_many.json()["skus"]) == (409, ["second"])
    shop.do(f"orders/{order_id}/edit", {"lines": [{"sku": "second", "quantity": 2}]})
    assert shop.quantity("second") == 0


def test_a_refund_with_restock_gives_back_and_is_a_document_of_its_own(
    shop: ShopProcess, client: WooClient
) -> None:
    shop.add({"sku": "refund"})
    order_id = shop.order(("refund", 3))
    sold = line_of(client, order_id)
    shop.do(f"orders/{order_id}/refund", {"lines": [{"sku": "refund", "quantity": 1}], "restock": True})
    assert shop.quantity("refund") == 8
    line = line_of(client, order_id)
    assert line["quantity"] == 3
    assert meta(line) == {"_reduced_stock": "2", "_restock_refunded_items": "1"}
    (refund,) = client.get(f"orders/{order_id}/refunds")
    (refunded,) = refund["line_items"]
    assert (refund["amount"], refunded["quantity"], refunded["total"]) == ("9.99", -1, "-9.99")
    assert meta(refunded) == {"_refunded_item_id": str(sold["id"])}
    (summary,) = client.get(f"orders/{order_id}")["refunds"]
    assert (summary["id"], summary["total"]) == (refund["id"], "-9.99")


def test_a_refund_without_restock_keeps_the_stock_taken(shop: ShopProcess, client: WooClient) -> None:
    shop.add({"sku": "kept"})
    order_id = shop.order(("kept", 2))
    shop.do(f"orders/{order_id}/refund", {"lines": [{"sku": "kept", "quantity": 1}], "restock": False})
    assert shop.quantity("kept") == 8
    assert meta(line_of(client, order_id)) == {"_reduced_stock": "2"}


def test_refunding_everything_makes_the_order_refunded(shop: ShopProcess, client: WooClient) -> None:
    shop.add({"sku": "all"})
    order_id = shop.order(("all", 2))
    shop.do(f"orders/{order_id}/refund", {"restock": True})
    assert client.get(f"orders/{order_id}")["status"] == "refunded"
    assert shop.quantity("all") == 10


def test_refunds_over_rest_restock_unless_told_not_to(shop: ShopProcess, client: WooClient) -> None:
    shop.add({"sku": "rest-refund"})
    order_id = shop.order(("rest-refund", 3))
    line_id = line_of(client, order_id)["id"]
    body = {"api_refund": False, "line_items": [{"id": line_id, "quantity": 2, "refund_total": 19.98}]}
    client.post(f"orders/{order_id}/refunds", body)
    assert shop.quantity("rest-refund") == 9
    too_much = client.call("POST", f"orders/{order_id}/refunds", {"api_refund": False, "amount": "99"})
    assert (too_much.status_code, too_much.json()["code"]) == (
        500,
        "woocommerce_rest_cannot_create_order_refund",
    )


def test_the_bin_and_the_shredder_give_nothing_back(shop: ShopProcess, client: WooClient) -> None:
    shop.add({"sku": "binned"})
    binned, shredded = shop.order(("binned", 2)), shop.order(("binned", 3))
    client.call("DELETE", f"orders/{binned}")
    client.call("DELETE", f"orders/{shredded}", force="true")
    assert shop.quantity("binned") == 5
    assert client.get(f"orders/{binned}")["status"] == "trash"
    assert client.call("GET", f"orders/{shredded}").status_code == 404
    assert client.call("DELETE", f"orders/{binned}").status_code == 410


def test_a_buyer_cannot_oversell_and_the_refusal_changes_nothing(shop: ShopProcess) -> None:
    shop.add({"sku": "last", "stock": 1})
    shop.add({"sku": "plenty"})
    lines = [{"sku": "plenty", "quantity": 1}, {"sku": "last", "quantity": 2}]
    refused = shop.control("POST", "orders", {"lines": lines, "reference": "r-1"})
    assert (refused.status_code, refused.json()) == (409, {"refused": "out_of_stock", "skus": ["last"]})
    assert (shop.quantity("plenty"), shop.quantity("last")) == (10, 1)
    (event,) = shop.events("order", action="refused", reference="r-1")
    assert event["lines"] == lines


def test_an_unpaid_order_holds_its_units_from_other_buyers(shop: ShopProcess) -> None:
    shop.add({"sku": "held", "stock": 1})
    held = shop.order(("held", 1), paid=False)
    another = {"lines": [{"sku": "held", "quantity": 1}]}
    assert shop.control("POST", "orders", another).status_code == 409
    shop.do(f"orders/{held}/cancel")
    assert shop.control("POST", "orders", another).status_code == 201


def test_an_order_by_api_can_oversell(shop: ShopProcess, client: WooClient) -> None:
    (item,) = shop.add({"sku": "below", "stock": 7})
    order = client.post(
        "orders",
        {"set_paid": True, "line_items": [{"product_id": int(item["listing_id"]), "quantity": 500}]},
    )
    assert order["status"] == "processing"
    assert shop.quantity("below") == -493


def test_an_absolute_write_overwrites_the_orders_before_it(shop: ShopProcess, client: WooClient) -> None:
    (item,) = shop.add({"sku": "raced", "stock": 100})
    for _ in range(2):
        shop.order(("raced", 1))
    client.put(f"products/{item['listing_id']}", {"stock_quantity": 100})
    for _ in range(3):
        shop.order(("raced", 1))
    assert shop.quantity("raced") == 97


def test_the_control_api_tells_what_is_left_of_each_line(shop: ShopProcess) -> None:
    shop.add({"sku": "told"})
    order_id = shop.order(("told", 3), reference="r-2")
    shop.do(f"orders/{order_id}/refund", {"lines": [{"sku": "told", "quantity": 1}], "restock": True})
    page = shop.do(f"orders?after={order_id - 1}&limit=1", method="GET")
    (order,) = page["orders"]
    assert (order["reference"], order["status"], order["financial"]) == (
        "r-2",
        "processing",
        "partially_refunded",
    )
    (line,) = order["lines"]
    assert (line["sku"], line["quantity"], line["restocked"]) == ("told", 2, 1)


def test_a_cart_with_the_same_sku_twice_has_one_line(shop: ShopProcess, client: WooClient) -> None:
    shop.add({"sku": "twice"})
    order_id = shop.order(("twice", 1), ("twice", 2))
    assert line_of(client, order_id)["quantity"] == 3


def test_a_fulfilled_order_is_completed(shop: ShopProcess, client: WooClient) -> None:
    shop.add({"sku": "sent"})
    order_id = shop.order(("sent", 1))
    shop.do(f"orders/{order_id}/fulfill")
    order = client.get(f"orders/{order_id}")
    assert order["status"] == "completed"
    assert order["date_completed_gmt"] is not None
    assert shop.quantity("sent") == 9
