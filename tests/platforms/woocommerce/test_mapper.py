from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from app.platforms.base import CellRef, LevelReading, Unsyncable
from app.platforms.woocommerce.mapper import gmt, gmt_text, level_from, product_from, units
from tests.platforms.woocommerce.payloads import product, variable, variation


def test_a_simple_product_sells_itself() -> None:
    found = product_from(product(), (), currency="EUR")
    assert (found.external_id, found.title) == ("799", "Ship Your Idea & More")
    assert (found.vendor, found.product_type) == ("Acme", "Clothing & Shoes")
    assert found.image_url == "https://shop.example/wp-content/ship.jpg"
    assert found.updated_at == datetime(2026, 3, 2, 11, 12, 13, tzinfo=UTC)
    (listing,) = found.listings
    assert (listing.external_id, listing.stock_id, listing.unsyncable) == ("799", "799", None)
    assert (listing.sku, listing.barcode) == ("SHIP-1", "4006381333931")
    assert (listing.price_minor, listing.unit_cost_minor) == (2199, 450)


def test_prices_of_a_currency_without_cents() -> None:
    (listing,) = product_from(product(price="1850", regular_price="1850"), (), currency="JPY").listings
    assert listing.price_minor == 1850


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"manage_stock": False, "stock_quantity": None}, Unsyncable.UNTRACKED),
        ({"type": "grouped", "manage_stock": False}, Unsyncable.BUNDLE_PARENT),
        ({"type": "external", "manage_stock": True}, Unsyncable.UNTRACKED),
    ],
)
def test_what_keeps_no_number_is_imported_with_the_reason(changes: dict[str, Any], why: Unsyncable) -> None:
    (listing,) = product_from(product(**changes), (), currency="EUR").listings
    assert (listing.stock_id, listing.unsyncable) == (None, why)


def test_the_price_is_the_regular_one_whatever_a_sale_takes_off() -> None:
    on_sale = product(price="9.00", regular_price="12.00", sale_price="9.00")
    (listing,) = product_from(on_sale, (), currency="EUR").listings
    assert listing.price_minor == 1200


def test_an_empty_sku_or_price_is_none() -> None:
    bare = product(sku="", price="", regular_price="", global_unique_id="", cost_of_goods_sold=None)
    (listing,) = product_from(bare, (), currency="EUR").listings
    assert (listing.sku, listing.price_minor, listing.barcode) == (None, None, None)
    assert listing.unit_cost_minor is None


def test_variations_keep_their_own_number_or_share_the_parents() -> None:
    variations = [
        variation(801),
        variation(802, manage_stock="parent", stock_quantity=9),
        variation(803, manage_stock=False, stock_quantity=None, attributes=[]),
    ]
    found = product_from(variable(800, (801, 802, 803)), variations, currency="EUR").listings
    assert [(each.external_id, each.stock_id, each.unsyncable) for each in found] == [
        ("801", "800:801", None),
        ("802", "800", None),
        ("803", None, Unsyncable.UNTRACKED),
    ]
    assert [each.title for each in found] == ["Hoodie - Blue, L", "Hoodie - Blue, L", "Hoodie"]


def test_a_variable_product_does_not_sell_itself() -> None:
    assert product_from(variable(manage_stock=True, stock_quantity=5), (), currency="EUR").listings == ()


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        (level_from(product()), LevelReading(CellRef("799"), 7)),
        (level_from(product(stock_quantity=-3)), LevelReading(CellRef("799"), -3)),
        (
            level_from(product(manage_stock=False, stock_quantity=None)),
            LevelReading(CellRef("799"), None, Unsyncable.UNTRACKED),
        ),
        (level_from(variation(), "800"), LevelReading(CellRef("800:801"), 4)),
        (
            level_from({"id": 801, "manage_stock": True, "stock_quantity": 4}, "800"),
            LevelReading(CellRef("800:801"), 4),
        ),
        (
            level_from(variation(manage_stock="parent"), "800"),
            LevelReading(CellRef("800:801"), None, Unsyncable.UNTRACKED),
        ),
    ],
)
def test_levels_name_the_cell_that_holds_them(reading: LevelReading, expected: LevelReading) -> None:
    assert reading == expected


@pytest.mark.parametrize(("value", "expected"), [("2", 2), (2.0, 2), (-5, -5), ("3.0000", 3)])
def test_quantities_in_all_their_spellings(value: object, expected: int) -> None:
    assert units(value) == expected


@pytest.mark.parametrize("value", ["", "two", None, "NaN", "Infinity"])
def test_what_is_no_quantity_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="not a quantity"):
        units(value)


@pytest.fixture
def _elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose own time zone is not UTC."""
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("_elsewhere")
def test_dates_without_offset_are_utc_both_ways() -> None:
    moment = datetime(2026, 3, 22, 19, 28, 2, tzinfo=UTC)
    assert gmt("2026-03-22T19:28:02") == moment
    assert gmt("2026-03-22T21:28:02+02:00") == moment
    assert gmt(None) is None
    assert gmt_text(moment) == "2026-03-22T19:28:02"
