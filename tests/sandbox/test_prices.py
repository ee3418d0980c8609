"""Prices over both platforms' APIs: what is written, what is refused, and with which words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.sandbox.shopify_client import SCOPES, ShopifyClient, codes, gid, new_sku, running
from tests.sandbox.support import Receiver, ShopProcess, until
from tests.sandbox.woo_client import WooClient

UPDATE = """mutation($product: ID!, $variants: [ProductVariantsBulkInput!]!, $partial: Boolean) {
  productVariantsBulkUpdate(productId: $product, variants: $variants, allowPartialUpdates: $partial) {
    product { id } productVariants { id price } userErrors { code field message } } }"""


@pytest.fixture(scope="module")
def shopify(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopProcess]:
    with running(tmp_path_factory.mktemp("shopify")) as shop:
        yield shop


@pytest.fixture(scope="module")
def client(shopify: ShopProcess) -> ShopifyClient:
    return ShopifyClient(shopify, SCOPES + ",write_products")


@pytest.fixture
def woo(start_shop: Callable[..., ShopProcess]) -> WooClient:
    return WooClient(start_shop("woocommerce"))


def price(shop: ShopProcess, sku: str) -> str:
    items = shop.do("truth", method="GET")["items"]
    return str(next(item["price"] for item in items if item["sku"] == sku))


class Pair:
    """A product of two variants at 9.99."""

    def __init__(self, client: ShopifyClient) -> None:
        self.skus = [new_sku(), new_sku()]
        items = client.shop.add(*({"sku": sku} for sku in self.skus))
        self.ids = [gid("ProductVariant", item["listing_id"]) for item in items]
        found = client.data("query($id: ID!) { productVariant(id: $id) { product { id } } }", id=self.ids[0])
        self.product = found["productVariant"]["product"]["id"]


def update(client: ShopifyClient, product: str, *rows: dict[str, Any], partial: bool = False) -> Any:
    answer = client.data(UPDATE, product=product, variants=list(rows), partial=partial)
    return answer["productVariantsBulkUpdate"]


# ----------------------------------------------------------------------------------------------- Shopify


def test_prices_of_a_product_are_written_together(client: ShopifyClient) -> None:
    pair = Pair(client)
    payload = update(
        client,
        pair.product,
        *({"id": i, "price": p} for i, p in zip(pair.ids, ["12.5", "7.00"], strict=True)),
    )
    assert payload["userErrors"] == []
    assert [row["price"] for row in payload["productVariants"]] == ["12.50", "7.00"]
    assert [price(client.shop, sku) for sku in pair.skus] == ["12.50", "7.00"]
    [first, _second] = client.shop.events("price", cause="api")[-2:]
    assert (first["sku"], first["from"], first["to"]) == (pair.skus[0], "9.99", "12.50")


@pytest.mark.parametrize(
    ("bad", "code", "field"),
    [
        ({"id": gid("ProductVariant", "1"), "price": "1.00"}, "PRODUCT_VARIANT_DOES_NOT_EXIST", "id"),
        ({"price": "1.00"}, "PRODUCT_VARIANT_ID_MISSING", "id"),
    ],
)
@pytest.mark.parametrize("partial", [True, False])
def test_one_bad_variant_stops_all_unless_partial_updates_are_allowed(
    client: ShopifyClient, bad: dict[str, Any], code: str, field: str, partial: bool
) -> None:
    pair = Pair(client)
    payload = update(client, pair.product, {"id": pair.ids[0], "price": "5.00"}, bad, partial=partial)
    assert codes(payload) == [code]
    assert payload["userErrors"][0]["field"] == ["variants", "1", field]
    assert price(client.shop, pair.skus[0]) == ("5.00" if partial else "9.99")
    assert (payload["productVariants"] is not None) is partial


def test_what_is_no_price_or_no_product_is_refused(client: ShopifyClient) -> None:
    pair = Pair(client)
    payload = update(client, pair.product, {"id": pair.ids[0], "price": "-1"})
    assert codes(payload) == ["NEGATIVE_PRICE_VALUE"]
    assert codes(update(client, gid("Product", "1"), {"id": pair.ids[0]})) == ["PRODUCT_DOES_NOT_EXIST"]
    answer = client.run(UPDATE, product=pair.product, variants=[{"id": pair.ids[0], "price": "cheap"}])
    assert answer["errors"][0]["extensions"]["code"] == "INVALID_VARIABLE"
    assert price(client.shop, pair.skus[0]) == "9.99"


def test_writing_prices_needs_its_scope(shopify: ShopProcess, client: ShopifyClient) -> None:
    pair = Pair(client)
    answer = ShopifyClient(shopify).run(UPDATE, product=pair.product, variants=[{"id": pair.ids[0]}])
    assert answer["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"


def test_a_write_comes_back_as_one_webhook_with_the_new_prices(
    client: ShopifyClient, receiver: Receiver
) -> None:
    pair = Pair(client)
    client.subscribe("PRODUCTS_UPDATE", receiver.url)
    update(client, pair.product, *({"id": each, "price": "3.00"} for each in pair.ids))
    [echo] = until(lambda: [r for r in receiver.received if pair.product.endswith(str(r.json["id"]))])
    assert [variant["price"] for variant in echo.json["variants"]] == ["3.00", "3.00"]


# ------------------------------------------------------------------------------------------- WooCommerce


def test_a_batch_writes_regular_prices_and_leaves_sales_alone(woo: WooClient) -> None:
    [item] = woo.shop.add({"sku": "SALE", "price": "20.00", "sale_price": "15.00"})
    answer = woo.post(
        "products/batch", {"update": [{"id": int(item["listing_id"]), "regular_price": "22.00"}]}
    )
    [found] = answer["update"]
    assert (found["regular_price"], found["sale_price"], found["price"]) == ("22.00", "15.00", "15.00")
    assert found["on_sale"]
    answer = woo.post(
        "products/batch", {"update": [{"id": int(item["listing_id"]), "regular_price": "14.00"}]}
    )
    assert (answer["update"][0]["on_sale"], answer["update"][0]["price"]) == (False, "14.00")


def test_a_variations_price_is_written_below_its_parent_only(woo: WooClient) -> None:
    first, second = woo.shop.add({"sku": "V1"}, {"sku": "V2"})
    parent = first["stock_id"].partition(":")[0]
    rows = [{"id": int(each["listing_id"]), "regular_price": "4.00"} for each in (first, second)]
    [wrong, _too] = woo.post("products/batch", {"update": rows})["update"]
    assert wrong["error"]["code"] == "woocommerce_rest_invalid_product_id"
    right = woo.post(f"products/{parent}/variations/batch", {"update": rows})["update"]
    assert [row["regular_price"] for row in right] == ["4.00", "4.00"]
    ignored = woo.post("products/batch", {"update": [{"id": int(parent), "regular_price": "9.00"}]})
    assert ignored["update"][0]["regular_price"] == ""


def test_a_batch_takes_garbage_for_no_price_and_a_single_call_checks_the_type(woo: WooClient) -> None:
    [item] = woo.shop.add({"sku": "G"})
    number = int(item["listing_id"])
    [found] = woo.post("products/batch", {"update": [{"id": number, "regular_price": "abc"}]})["update"]
    assert (found["regular_price"], found["purchasable"]) == ("", False)
    [found] = woo.post("products/batch", {"update": [{"id": number, "regular_price": 2.5}]})["update"]
    assert found["regular_price"] == "2.5"
    refused = woo.call("PUT", f"products/{number}", {"regular_price": 2.5})
    assert (refused.status_code, refused.json()["code"]) == (400, "rest_invalid_param")


def test_a_merchant_changes_prices_in_the_shops_admin(woo: WooClient) -> None:
    woo.shop.add({"sku": "M"})
    woo.shop.do("change_product", {"sku": "M", "price": "8.00", "sale_price": "6.00"})
    assert price(woo.shop, "M") == "8.00"
    [changed] = woo.shop.events("price", cause="merchant")
    assert (changed["from"], changed["to"]) == ("9.99", "8.00")
