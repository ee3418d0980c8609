"""Orders of a shop with two locations: each of its numbers is what its orders, as read, say of it."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from app.domain.orders import channel_total, ledger_effect
from app.platforms.base import CellRef, LevelReading
from app.platforms.shopify.channel import ShopifyChannel
from tests.platforms.shopify.sandbox_shop import SandboxShop

OPENING = {"main": 10, "second": 5}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxShop]:
    started = SandboxShop(tmp_path_factory.mktemp("two-locations"))
    try:
        started.control("POST", "locations", name="Second")
        yield started
    finally:
        started.stop()


@pytest.fixture(scope="module")
def channel(shop: SandboxShop) -> ShopifyChannel:
    return shop.channel(shop.connect().credentials)


@pytest.fixture(scope="module")
def places(channel: ShopifyChannel) -> dict[str, str]:
    main, second = channel.locations()
    return {"main": main.external_id, "second": second.external_id}


@pytest.fixture
def sku(shop: SandboxShop, places: dict[str, str]) -> str:
    """Ten of it at the first location, five at the second."""
    made = f"L{next(_numbers)}"
    variants = [{"sku": made, "title": made, "price": "5.00", "stock": OPENING["main"]}]
    shop.control("POST", "catalog", products=[{"title": made, "variants": variants}])
    shop.control("POST", "stock", sku=made, quantity=OPENING["second"], location_id=places["second"])
    return made


_numbers = itertools.count(1)


def place(shop: SandboxShop, sku: str, quantity: int, **more: Any) -> str:
    lines = [{"sku": sku, "quantity": quantity}]
    return str(shop.control("POST", "orders", lines=lines, **more)["id"])


def told(channel: ShopifyChannel, order_id: str) -> tuple[dict[str, int], dict[str, tuple[int, int]]]:
    """What the order did to each location's number, and to what we have there (committed, on hand)."""
    [order] = channel.fetch_orders([order_id]).orders
    numbers: Counter[str] = Counter()
    ours: dict[str, tuple[int, int]] = {}
    for line in order.lines:
        numbers[line.location_id] += channel_total(line.channel_effects)
        effect = ledger_effect(line.parts, holds_stock=True)
        ours[line.location_id] = (effect.committed, effect.on_hand)
    return dict(numbers), ours


def levels(shop: SandboxShop, channel: ShopifyChannel, sku: str) -> dict[str, int]:
    refs = [
        CellRef(item["stock_id"], item["location_id"])
        for item in shop.control("GET", "truth")["items"]
        if item["sku"] == sku
    ]
    readings: list[LevelReading] = list(channel.read_levels(refs))
    return {reading.ref.location_id: reading.quantity or 0 for reading in readings}


def check(
    shop: SandboxShop, channel: ShopifyChannel, places: dict[str, str], sku: str, order_id: str
) -> dict[str, tuple[int, int]]:
    """The shop's numbers are its opening ones and what the order is said to have done to them."""
    numbers, ours = told(channel, order_id)
    shown = levels(shop, channel, sku)
    assert shown == {places[name]: units + numbers.get(places[name], 0) for name, units in OPENING.items()}
    return {name: ours[places[name]] for name in places if places[name] in ours}


def test_an_order_that_one_location_has_is_taken_from_there(
    shop: SandboxShop, channel: ShopifyChannel, places: dict[str, str], sku: str
) -> None:
    order = place(shop, sku, 4, location_id=places["second"])
    assert check(shop, channel, places, sku, order) == {"second": (4, 0)}
    shop.control("POST", f"orders/{order}/fulfill")
    assert check(shop, channel, places, sku, order) == {"second": (0, -4)}
    shop.control(
        "POST", f"orders/{order}/refund", lines=[{"sku": sku, "quantity": 1}], location_id=places["main"]
    )
    assert check(shop, channel, places, sku, order) == {"main": (0, 1), "second": (0, -4)}


def test_an_order_that_no_location_has_alone_is_taken_from_both(
    shop: SandboxShop, channel: ShopifyChannel, places: dict[str, str], sku: str
) -> None:
    order = place(shop, sku, 12)
    assert check(shop, channel, places, sku, order) == {"main": (10, 0), "second": (2, 0)}
    shop.control("POST", f"orders/{order}/fulfill", lines=[{"sku": sku, "quantity": 11}])
    assert check(shop, channel, places, sku, order) == {"main": (0, -10), "second": (1, -1)}
    shop.control("POST", f"orders/{order}/edit", lines=[{"sku": sku, "quantity": 11}])
    assert check(shop, channel, places, sku, order) == {"main": (0, -10), "second": (0, -1)}


def test_a_cancelled_order_comes_back_to_both(
    shop: SandboxShop, channel: ShopifyChannel, places: dict[str, str], sku: str
) -> None:
    order = place(shop, sku, 12)
    shop.control("POST", f"orders/{order}/cancel")
    assert check(shop, channel, places, sku, order) == {"main": (0, 0), "second": (0, 0)}


def test_units_that_are_moved_are_taken_from_where_they_are_now(
    shop: SandboxShop, channel: ShopifyChannel, places: dict[str, str], sku: str
) -> None:
    order = place(shop, sku, 3)
    assert check(shop, channel, places, sku, order) == {"main": (3, 0)}
    some = [{"sku": sku, "quantity": 2}]
    shop.control("POST", f"orders/{order}/move", lines=some, location_id=places["second"])
    assert check(shop, channel, places, sku, order) == {"main": (1, 0), "second": (2, 0)}
