"""Products and stock writes over REST."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
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


def one(shop: ShopProcess, sku: str, **variant: Any) -> int:
    """A simple product of this SKU; its id."""
    return int(shop.add({"sku": sku, **variant})[0]["listing_id"])


def test_a_batch_writes_absolute_numbers(shop: ShopProcess, client: WooClient) -> None:
    ids = [one(shop, f"batch-{n}") for n in range(3)]
    answer = client.post("products/batch", {"update": [{"id": i, "stock_quantity": 4} for i in ids]})
    assert [item["stock_quantity"] for item in answer["update"]] == [4, 4, 4]
    assert [shop.quantity(f"batch-{n}") for n in range(3)] == [4, 4, 4]


def test_a_batch_above_100_items_is_too_large(shop: ShopProcess, client: WooClient) -> None:
    product_id = one(shop, "too-large")
    for path in ("products/batch", f"products/{product_id}/variations/batch"):
        body = {"update": [{"id": product_id, "stock_quantity": 1}] * 60, "delete": [1] * 41}
        answer = client.call("POST", path, body)
        assert answer.status_code == 413
        assert answer.json()["code"] == "woocommerce_rest_request_entity_too_large"
    assert shop.quantity("too-large") == 10


def test_errors_sit_per_item_inside_a_200(shop: ShopProcess, client: WooClient) -> None:
    good = one(shop, "per-item")
    answer = client.call(
        "POST",
        "products/batch",
        {"update": [{"id": 999999, "stock_quantity": 1}, {"id": good, "stock_quantity": 1}]},
    )
    assert answer.status_code == 200
    bad, fine = answer.json()["update"]
    assert bad["id"] == 999999
    assert bad["error"]["code"] == "woocommerce_rest_product_invalid_id"
    assert bad["error"]["data"]["status"] == 400
    assert fine["stock_quantity"] == 1


def test_a_variation_in_products_batch_is_an_error_with_html_entities(
    shop: ShopProcess, client: WooClient
) -> None:
    red, _ = shop.add({"sku": "shirt-red"}, {"sku": "shirt-blue"})
    variation = int(red["listing_id"])
    (item,) = client.post("products/batch", {"update": [{"id": variation, "stock_quantity": 1}]})["update"]
    assert item["error"]["code"] == "woocommerce_rest_invalid_product_id"
    assert "&lt;product_id&gt;" in item["error"]["message"]
    assert shop.quantity("shirt-red") == 10


def test_variations_are_written_by_their_parent(shop: ShopProcess, client: WooClient) -> None:
    item, _ = shop.add({"sku": "cap-red"}, {"sku": "cap-blue"})
    parent, variation = item["stock_id"].split(":")
    assert variation == item["listing_id"]
    path = f"products/{parent}/variations/batch"
    (written,) = client.post(path, {"update": [{"id": int(variation), "stock_quantity": 3}]})["update"]
    assert written["stock_quantity"] == 3
    assert (shop.quantity("cap-red"), shop.quantity("cap-blue")) == (3, 10)


@pytest.mark.parametrize(("garbage", "stored"), [("abc", 0), (2.5, 2), ("7x", 7), (True, 1), ("", 0)])
def test_a_batch_takes_garbage_for_a_number(
    shop: ShopProcess, client: WooClient, garbage: object, stored: int
) -> None:
    sku = f"garbage-{garbage}"
    product_id = one(shop, sku)
    (item,) = client.post("products/batch", {"update": [{"id": product_id, "stock_quantity": garbage}]})[
        "update"
    ]
    assert (item["stock_quantity"], shop.quantity(sku)) == (stored, stored)
    assert "error" not in item


@pytest.mark.parametrize("garbage", ["abc", 2.5, True])
def test_a_single_write_refuses_garbage(shop: ShopProcess, client: WooClient, garbage: object) -> None:
    product_id = one(shop, f"single-{garbage}")
    answer = client.call("PUT", f"products/{product_id}", {"stock_quantity": garbage})
    assert (answer.status_code, answer.json()["code"]) == (400, "rest_invalid_param")


def test_a_write_to_an_untracked_product_is_ignored_without_a_word(
    shop: ShopProcess, client: WooClient
) -> None:
    product_id = one(shop, "untracked", stock=None)
    answer = client.call("PUT", f"products/{product_id}", {"stock_quantity": 5})
    assert answer.status_code == 200
    assert (answer.json()["manage_stock"], answer.json()["stock_quantity"]) == (False, None)
    assert shop.events("stock", sku="untracked") == []


def test_variations_can_share_their_parents_number(shop: ShopProcess, client: WooClient) -> None:
    left, right = shop.add({"sku": "pair-left"}, {"sku": "pair-right"}, shared_stock=7)
    assert left["stock_id"] == right["stock_id"]
    parent = int(left["stock_id"])
    variations = {v["id"]: v for v in client.get(f"products/{parent}/variations")}
    shown = variations[int(left["listing_id"])]
    assert (shown["manage_stock"], shown["stock_quantity"]) == ("parent", 7)
    ignored = client.put(f"products/{parent}/variations/{left['listing_id']}", {"stock_quantity": 1})
    assert (ignored["manage_stock"], ignored["stock_quantity"]) == ("parent", 7)
    assert client.put(f"products/{parent}", {"stock_quantity": 4})["stock_quantity"] == 4
    shop.order(("pair-left", 3))
    assert (shop.quantity("pair-left"), shop.quantity("pair-right")) == (1, 1)


def test_inventory_delta_is_not_atomic(shop: ShopProcess) -> None:
    product_id = one(shop, "delta", stock=0)
    clients = [WooClient(shop) for _ in range(10)]
    with ThreadPoolExecutor(10) as pool:
        writes = [
            pool.submit(client.put, f"products/{product_id}", {"inventory_delta": 1}) for client in clients
        ]
        for write in writes:
            write.result()
    assert 1 <= (shop.quantity("delta") or 0) < 10


def test_writes_name_the_sku_that_changed_from_what_to_what(shop: ShopProcess, client: WooClient) -> None:
    product_id = one(shop, "logged")
    client.put(f"products/{product_id}", {"stock_quantity": 4})
    client.put(f"products/{product_id}", {"stock_quantity": 4})
    opening, change, same = shop.events("stock", sku="logged")
    assert (opening["cause"], opening["from"], opening["to"]) == ("catalog", None, 10)
    assert (change["cause"], change["from"], change["to"]) == ("api", 10, 4)
    assert same["cause"] == "api_same"
    (call,) = shop.events("call", call_id=change["call_id"])
    assert (call["method"], call["endpoint"], call["write"], call["items"]) == (
        "PUT",
        "products/<id>",
        True,
        1,
    )


def test_the_product_list_omits_variations_unless_asked_by_sku(shop: ShopProcess, client: WooClient) -> None:
    red, _ = shop.add({"sku": "hat-red"}, {"sku": "hat-blue"})
    parent = int(red["stock_id"].split(":")[0])
    listed = {p["id"]: p["type"] for p in client.get("products", per_page=100)}
    assert listed[parent] == "variable"
    assert int(red["listing_id"]) not in listed
    found = client.get("products", sku="hat-red,hat-blue")
    assert {p["sku"]: (p["type"], p["parent_id"]) for p in found} == {
        "hat-red": ("variation", parent),
        "hat-blue": ("variation", parent),
    }


def test_one_list_has_the_variations_of_all_parents_from_10_3_on(
    shop: ShopProcess, client: WooClient
) -> None:
    red, _ = shop.add({"sku": "sock-red"}, {"sku": "sock-blue"})
    (variation,) = client.get("variations", sku="sock-red")
    assert (variation["id"], variation["type"]) == (int(red["listing_id"]), "variation")
    shop.do("plan", {"version": "10.2.1"}, method="PUT")
    older = client.call("GET", "variations")
    shop.do("plan", {"version": "10.9.2"}, method="PUT")
    assert (older.status_code, older.json()["code"]) == (404, "rest_no_route")


def test_a_trashed_product_keeps_its_sku(shop: ShopProcess, client: WooClient) -> None:
    product_id = one(shop, "binned")
    assert client.call("DELETE", f"products/{product_id}").status_code == 200
    assert client.get(f"products/{product_id}")["status"] == "trash"
    assert client.get("products", sku="binned") == []
    again = client.call("POST", "products", {"name": "New", "sku": "binned"})
    assert (again.status_code, again.json()["code"]) == (400, "product_invalid_sku")
    client.call("DELETE", f"products/{product_id}", force="true")
    assert client.call("POST", "products", {"name": "New", "sku": "binned"}).status_code == 201


def test_the_answer_escapes_slashes_and_letters_as_php_does(shop: ShopProcess, client: WooClient) -> None:
    product_id = one(shop, "Über/groß")
    raw = client.call("GET", f"products/{product_id}", _fields="sku").content
    assert raw == rb'{"sku":"\u00dcber\/gro\u00df"}'


def test_a_merchants_edit_is_told_with_its_time(shop: ShopProcess) -> None:
    one(shop, "edited")
    change = shop.do("stock", {"sku": "edited", "delta": -3})
    assert (change["from"], change["to"]) == (10, 7)
    (event,) = shop.events("stock", sku="edited", cause="merchant")
    assert event["at"] == change["at"]
    assert shop.do("stock", {"sku": "edited", "quantity": 2})["to"] == 2


def test_a_broken_json_body_is_a_400(shop: ShopProcess, client: WooClient) -> None:
    url = f"{shop.url}/wp-json/wc/v3/products/batch"
    response = shop.session.post(url, params=client.signed("POST", url, {}), data=b'{"update": [')
    assert (response.status_code, response.json()["code"]) == (400, "rest_invalid_json")
