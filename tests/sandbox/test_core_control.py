from collections.abc import Iterator

import pytest
import requests

from tests.sandbox.support import ShopProcess
from tests.sandbox.woo_client import WooClient


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopProcess]:
    shop = ShopProcess("woocommerce", tmp_path_factory.mktemp("shop"))
    yield shop
    shop.session.close()
    shop.stop()


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer nope"}, {"Authorization": "Bearer ü"}])
def test_the_control_api_wants_its_token(shop: ShopProcess, header: dict[str, str]) -> None:
    encoded = {name: value.encode() for name, value in header.items()}
    response = requests.get(f"{shop.url}/_sandbox/health", headers=encoded, timeout=10)
    assert response.status_code == 401


def test_a_thousand_products_come_in_at_once(shop: ShopProcess) -> None:
    products = [
        {"title": f"Many {n}", "variants": [{"sku": f"many-{n}", "price": "1.00", "stock": n}]}
        for n in range(1000)
    ]
    items = shop.do("catalog", {"products": products})["items"]
    assert [(item["sku"], item["quantity"]) for item in items] == [(f"many-{n}", n) for n in range(1000)]


def test_items_say_where_their_number_is_kept(shop: ShopProcess) -> None:
    (simple,) = shop.add({"sku": "where"})
    assert simple["stock_id"] == simple["listing_id"]
    assert simple["location_id"] == ""
    (untracked,) = shop.add({"sku": None, "title": "No SKU", "stock": None})
    assert (untracked["sku"], untracked["quantity"], untracked["tracked"]) == (None, None, False)


def test_orders_are_paged_by_id(shop: ShopProcess) -> None:
    shop.add({"sku": "paged", "stock": 100})
    placed = [shop.order(("paged", 1), reference=f"p-{n}") for n in range(5)]
    seen: list[int] = []
    after: int | None = placed[0] - 1
    while after is not None:
        page = shop.do(f"orders?after={after}&limit=2", method="GET")
        seen += [order["id"] for order in page["orders"]]
        after = page["next"]
    assert seen == placed


def test_events_are_paged_without_gaps(shop: ShopProcess) -> None:
    shop.add({"sku": "events"})
    whole = shop.do("events?limit=100000", method="GET")
    sequence = [event["seq"] for event in whole["events"]]
    assert sequence == list(range(1, len(sequence) + 1))
    page = shop.do("events?after=3&limit=2", method="GET")
    assert [event["seq"] for event in page["events"]] == [4, 5]
    assert page["next"] == 5
    assert shop.do(f"events?after={whole['next']}", method="GET") == {"events": [], "next": whole["next"]}


def test_event_times_never_run_backwards_for_stock(shop: ShopProcess) -> None:
    shop.add({"sku": "times", "stock": 50})
    for _ in range(5):
        shop.order(("times", 1))
    times = [event["at"] for event in shop.events("stock", sku="times")]
    assert times == sorted(times)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("orders/999999/pay", {}, 404),
        ("orders/1/dance", {}, 404),
        ("dance", {}, 404),
        ("orders", {"lines": []}, 400),
        ("orders", {"lines": [{"sku": "nobody-sells-this", "quantity": 1}]}, 404),
        ("orders", {"lines": [{"sku": "x", "quantity": 0}]}, 400),
        ("stock", {"sku": "x"}, 400),
        ("catalog", {}, 400),
    ],
)
def test_nonsense_is_refused_in_words(
    shop: ShopProcess, path: str, body: dict[str, object], status: int
) -> None:
    response = shop.control("POST", path, body)
    assert response.status_code == status
    assert response.json()["error"]


def test_an_unknown_fault_or_plan_is_refused(shop: ShopProcess) -> None:
    assert shop.control("PUT", "faults", {"call_lost": 1}).status_code == 400
    assert shop.control("PUT", "faults", {"call_429": 2}).status_code == 400
    assert shop.control("PUT", "plan", {"plan": "gold"}).status_code == 400


def test_a_person_can_buy_and_set_stock_on_the_page(shop: ShopProcess) -> None:
    shop.add({"sku": "page<b>", "stock": 5})
    page = requests.get(shop.url, timeout=10)
    assert "page&lt;b&gt;" in page.text
    assert "page<b>" not in page.text
    bought = requests.post(f"{shop.url}/shop/buy", data={"sku": "page<b>", "quantity": "2"}, timeout=10)
    assert "placed" in bought.text
    assert shop.quantity("page<b>") == 3
    requests.post(f"{shop.url}/shop/stock", data={"sku": "page<b>", "quantity": "9"}, timeout=10)
    assert shop.quantity("page<b>") == 9
    too_many = requests.post(f"{shop.url}/shop/buy", data={"sku": "page<b>", "quantity": "10"}, timeout=10)
    assert "Not enough" in too_many.text


def test_another_site_cannot_use_the_pages_forms(shop: ShopProcess) -> None:
    response = requests.post(
        f"{shop.url}/shop/buy", data={}, headers={"Origin": "https://elsewhere.example"}, timeout=10
    )
    assert response.status_code == 403


def test_connections_are_kept_open(shop: ShopProcess) -> None:
    client = WooClient(shop)
    client.get("products")
    adapter = shop.session.get_adapter(shop.url)
    assert isinstance(adapter, requests.adapters.HTTPAdapter)
    pool = adapter.poolmanager.connection_from_url(shop.url)
    opened = pool.num_connections
    for _ in range(5):
        client.get("products")
    assert pool.num_connections == opened
