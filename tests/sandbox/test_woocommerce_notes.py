"""Order notes: where a shipment's tracking goes in a store that keeps none."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.sandbox.support import ShopProcess, until
from tests.sandbox.woo_client import WooClient


@pytest.fixture
def client(start_shop: Callable[..., ShopProcess]) -> WooClient:
    shop = start_shop("woocommerce")
    shop.add({"sku": "MUG"})
    return WooClient(shop)


def test_notes_are_kept_and_listed_newest_first(client: WooClient) -> None:
    order = client.shop.order(("MUG", 1))
    before = client.get(f"orders/{order}")
    first = client.post(f"orders/{order}/notes", {"note": "Shipped <b>today</b>", "customer_note": True})
    second = client.post(f"orders/{order}/notes", {"note": "Shelf 3"})
    assert (first["customer_note"], first["author"], first["note"]) == (
        True,
        "system",
        "Shipped <b>today</b>",
    )
    assert client.get(f"orders/{order}/notes/{first['id']}") == first
    assert client.get(f"orders/{order}/notes") == [second, first]
    assert client.get(f"orders/{order}/notes", type="customer") == [first]
    assert client.get(f"orders/{order}/notes", type="internal") == [second]
    assert client.get(f"orders/{order}") == before, "a note does not touch its order"


def test_notes_outlive_a_crash_and_are_refused_where_they_make_no_sense(client: WooClient) -> None:
    order = client.shop.order(("MUG", 1))
    client.post(f"orders/{order}/notes", {"note": "kept"})
    client.shop.stop()
    client.shop.start()
    assert [note["note"] for note in client.get(f"orders/{order}/notes")] == ["kept"]
    for method, path, status, code in (
        ("GET", "orders/999/notes", 404, "woocommerce_rest_shop_order_invalid_id"),
        ("POST", f"orders/{order}/notes", 400, "rest_missing_callback_param"),
        ("GET", f"orders/{order}/notes/999", 404, "woocommerce_rest_invalid_id"),
    ):
        answer = client.call(method, path, {} if method == "POST" else None)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    reader = WooClient(client.shop, "read")
    assert reader.call("POST", f"orders/{order}/notes", {"note": "no"}).status_code == 401
    assert len(reader.get(f"orders/{order}/notes")) == 1


def test_completing_an_order_ships_it_and_takes_no_stock_again(client: WooClient) -> None:
    order = client.shop.order(("MUG", 2))
    assert client.put(f"orders/{order}", {"status": "completed"})["date_completed_gmt"]
    assert until(lambda: client.shop.events("order", action="fulfilled"))
    assert client.shop.quantity("MUG") == 8
