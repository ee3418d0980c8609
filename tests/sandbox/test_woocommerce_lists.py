"""Paging, filters and dates."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.sandbox.support import ShopProcess, until
from tests.sandbox.woo_client import WooClient


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopProcess]:
    shop = ShopProcess("woocommerce", tmp_path_factory.mktemp("shop"))
    shop.do(
        "catalog",
        {
            "products": [
                {"title": f"P{n}", "variants": [{"sku": f"p-{n}", "price": "1.00", "stock": 100}]}
                for n in range(25)
            ]
        },
    )
    yield shop
    shop.session.close()
    shop.stop()


@pytest.fixture(scope="module")
def client(shop: ShopProcess) -> WooClient:
    return WooClient(shop)


def ids(rows: list[dict[str, Any]]) -> list[int]:
    return [row["id"] for row in rows]


def test_pages_have_totals_and_links(client: WooClient) -> None:
    answer = client.call("GET", "products", per_page=10, page=2)
    assert (answer.headers["X-WP-Total"], answer.headers["X-WP-TotalPages"]) == ("25", "3")
    assert len(answer.json()) == 10
    assert set(answer.links) == {"prev", "next"}
    assert "page=3" in answer.links["next"]["url"]
    assert "next" not in client.call("GET", "products", per_page=10, page=3).links


def test_pages_cover_everything_once(client: WooClient) -> None:
    pages = [ids(client.get("products", per_page=10, page=p, orderby="id", order="asc")) for p in (1, 2, 3)]
    seen = [product_id for page in pages for product_id in page]
    assert seen == sorted(set(seen))
    assert len(seen) == 25


def test_past_the_end_is_an_empty_200(client: WooClient) -> None:
    answer = client.call("GET", "products", per_page=10, page=9)
    assert (answer.status_code, answer.json()) == (200, [])


@pytest.mark.parametrize("per_page", [0, 101])
def test_a_page_holds_1_to_100(client: WooClient, per_page: int) -> None:
    answer = client.call("GET", "products", per_page=per_page)
    assert (answer.status_code, answer.json()["code"]) == (400, "rest_invalid_param")


def test_include_and_fields_narrow_the_answer(client: WooClient) -> None:
    first, second, *_ = ids(client.get("products"))
    rows = client.get("products", include=f"{first},{second}", orderby="include", _fields="id,stock_quantity")
    assert rows == [{"id": first, "stock_quantity": 100}, {"id": second, "stock_quantity": 100}]


def test_fields_of_lists_come_back_empty(shop: ShopProcess, client: WooClient) -> None:
    order_id = shop.order(("p-1", 1))
    row = client.get(f"orders/{order_id}", _fields="id,billing.email,line_items.id")
    assert row == {"id": order_id, "billing": {"email": ""}, "line_items": []}


def test_orders_are_listed_by_status_and_without_the_bin(shop: ShopProcess, client: WooClient) -> None:
    pending = shop.order(("p-2", 1), paid=False)
    binned = shop.order(("p-2", 1))
    shop.do(f"orders/{binned}/trash")
    assert ids(client.get("orders", status="pending", include=f"{pending},{binned}")) == [pending]
    assert ids(client.get("orders", status="any", include=f"{pending},{binned}")) == [pending]
    assert ids(client.get("orders", status="trash", include=f"{pending},{binned}")) == [binned]
    assert client.call("GET", "orders", status="lost").status_code == 400


def test_modified_after_is_strict_at_one_second(shop: ShopProcess, client: WooClient) -> None:
    order_id = shop.order(("p-3", 1))
    modified = client.get(f"orders/{order_id}")["date_modified_gmt"]
    before = (datetime.fromisoformat(modified) - timedelta(seconds=1)).isoformat()

    def listed(since: str) -> list[int]:
        return ids(client.get("orders", modified_after=since, dates_are_gmt="true", include=order_id))

    assert listed(before) == [order_id]
    assert listed(modified) == []


def test_modified_before_is_strict_too(shop: ShopProcess, client: WooClient) -> None:
    order_id = shop.order(("p-3", 1))
    modified = client.get(f"orders/{order_id}")["date_modified_gmt"]
    rows = client.get("orders", modified_before=modified, dates_are_gmt="true", include=order_id)
    assert rows == []


def test_two_changes_in_one_second_look_the_same(shop: ShopProcess, client: WooClient) -> None:
    def change_twice() -> bool:
        order_id = shop.order(("p-4", 1))
        first = client.get(f"orders/{order_id}")["date_modified_gmt"]
        shop.do(f"orders/{order_id}/cancel")
        return bool(client.get(f"orders/{order_id}")["date_modified_gmt"] == first)

    assert until(change_twice)


def test_gmt_fields_are_utc_without_offset_and_the_others_are_not(
    shop: ShopProcess, client: WooClient
) -> None:
    order = client.get(f"orders/{shop.order(('p-5', 1))}")
    created = datetime.fromisoformat(order["date_created_gmt"]).replace(tzinfo=UTC)
    assert abs(created.timestamp() - time.time()) < 60
    assert order["date_created"] != order["date_created_gmt"]


def test_without_dates_are_gmt_a_date_is_the_sites_own(shop: ShopProcess, client: WooClient) -> None:
    order_id = shop.order(("p-6", 1))
    order = client.get(f"orders/{order_id}")
    an_hour_ago_gmt = (datetime.fromisoformat(order["date_modified_gmt"]) - timedelta(hours=1)).isoformat()
    local_hour_ahead = (datetime.fromisoformat(order["date_modified"]) + timedelta(hours=1)).isoformat()
    assert ids(client.get("orders", modified_after=an_hour_ago_gmt, include=order_id)) == [order_id]
    assert client.get("orders", modified_after=local_hour_ahead, include=order_id) == []
    # The GMT field, taken for local time, lies two hours back: even the order of this second is after it.
    assert ids(client.get("orders", modified_after=order["date_modified_gmt"], include=order_id)) == [
        order_id
    ]
    # An offset is turned into the site's clock first: with dates_are_gmt it is then off by the site's offset.
    aware = client.get("orders", modified_after=f"{an_hour_ago_gmt}Z", dates_are_gmt="true", include=order_id)
    assert aware == []


def test_an_orders_stock_change_may_leave_date_modified_alone(shop: ShopProcess, client: WooClient) -> None:
    (product,) = client.get("products", sku="p-7")

    def modified() -> str:
        return str(client.get(f"products/{product['id']}")["date_modified_gmt"])

    shop.do("plan", {"stock_moves_date_modified": False}, method="PUT")
    before = modified()
    until(lambda: datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S") > before)
    shop.order(("p-7", 1))
    assert modified() == before
    shop.do("plan", {"stock_moves_date_modified": True}, method="PUT")
    shop.order(("p-7", 1))
    assert modified() > before


def test_a_host_with_a_limit_answers_429_in_html(shop: ShopProcess, client: WooClient) -> None:
    shop.do("plan", {"requests_per_second": 1}, method="PUT")
    answers = [client.call("GET", "products") for _ in range(3)]
    shop.do("plan", {"requests_per_second": None}, method="PUT")
    limited = [answer for answer in answers if answer.status_code == 429]
    assert limited
    assert sum(call["throttled"] for call in shop.events("call")) == len(limited)
    assert limited[0].headers["Retry-After"] == "1"
    assert limited[0].text.startswith("<html>")


def test_the_shop_tells_its_currency_and_version(client: WooClient) -> None:
    assert client.get("data/currencies/current")["code"] == "USD"
    assert client.get("settings/general/woocommerce_currency")["value"] == "USD"
    status = client.get("system_status")
    assert (status["environment"]["version"], status["settings"]["currency"]) == ("10.9.2", "USD")
