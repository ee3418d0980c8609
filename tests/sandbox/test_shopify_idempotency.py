"""Idempotency keys: a repeat is answered, not done again; a reused key is refused."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.sandbox.shopify_client import ShopifyClient, codes, new_sku, place, running
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


def test_an_identical_repeat_gets_the_stored_answer(client: ShopifyClient, item: Item) -> None:
    row = place(item, delta=-3, changeFromQuantity=None)
    first = client.adjust(row, key="repeat")
    client.adjust(place(item, delta=1, changeFromQuantity=None))
    assert client.adjust(row, key="repeat") == first
    assert client.shop.quantity(item["sku"]) == 8


def test_a_key_with_other_parameters_is_refused(client: ShopifyClient, item: Item) -> None:
    client.adjust(place(item, delta=-3, changeFromQuantity=None), key="mismatch")
    again = client.adjust(place(item, delta=-4, changeFromQuantity=None), key="mismatch")
    assert codes(again) == ["IDEMPOTENCY_KEY_PARAMETER_MISMATCH"]
    crossed = client.set_stock(place(item, quantity=1, changeFromQuantity=None), key="mismatch")
    assert codes(crossed) == ["IDEMPOTENCY_KEY_PARAMETER_MISMATCH"]
    assert client.shop.quantity(item["sku"]) == 7


def test_a_failed_attempt_wants_a_new_key(client: ShopifyClient, item: Item) -> None:
    row = place(item, quantity=1, changeFromQuantity=99)
    assert codes(client.set_stock(row, key="failed")) == ["CHANGE_FROM_QUANTITY_STALE"]
    assert codes(client.set_stock(row, key="failed")) == ["IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"]
    assert client.set_stock(place(item, quantity=1, changeFromQuantity=10), key="new")["userErrors"] == []


def test_of_two_calls_at_once_one_is_told_to_wait(
    shop: ShopProcess, client: ShopifyClient, item: Item
) -> None:
    shop.do("processing", {"mutation_ms": 1500})
    row = place(item, delta=-3, changeFromQuantity=None)
    together = threading.Barrier(2)

    def call(_number: int) -> list[str]:
        together.wait()
        return codes(client.adjust(row, key="running"))

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(call, range(2)))
    shop.do("processing", {"mutation_ms": 0})
    assert sorted(answers) == [[], ["IDEMPOTENCY_CONCURRENT_REQUEST"]]
    assert client.adjust(row, key="running")["userErrors"] == []
    assert shop.quantity(item["sku"]) == 7


def test_answers_outlive_a_killed_process(shop: ShopProcess, client: ShopifyClient, item: Item) -> None:
    row = place(item, delta=-3, changeFromQuantity=None)
    first = client.adjust(row, key="before-the-crash")
    shop.process.kill()
    shop.stop()
    shop.start()
    assert client.adjust(row, key="before-the-crash") == first
    assert shop.quantity(item["sku"]) == 7
