"""Shopify's catalog and levels as boundary types."""

from __future__ import annotations

from typing import Any

import pytest

from app.platforms.base import CellRef, LevelReading, Unsyncable
from app.platforms.shopify.mapper import number_of, to_listing, to_product, to_reading
from tests.platforms.shopify.samples import product, variant

REF = CellRef("88", "3")
LEVEL = {"quantities": [{"quantity": -4}]}


def test_a_product_with_its_variants() -> None:
    mapped = to_product(product(), [variant()], "EUR")
    assert (mapped.external_id, mapped.title, mapped.vendor, mapped.product_type) == (
        "55",
        "Mug",
        "Acme",
        None,
    )
    assert mapped.image_url == "https://cdn.example/mug.jpg"
    listing = mapped.listings[0]
    assert (listing.external_id, listing.sku, listing.title) == ("77", "MUG-R", "Mug - Red")
    assert (listing.price_minor, listing.unit_cost_minor, listing.stock_id) == (999, 400, "88")
    assert listing.unsyncable is None


def test_the_only_variant_is_called_as_its_product() -> None:
    assert to_listing(variant(title="Default Title"), "Mug", "EUR").title == "Mug"


def test_a_missing_or_empty_sku_is_none() -> None:
    assert to_listing(variant(sku=None), "Mug", "EUR").sku is None
    assert to_listing(variant(sku=""), "Mug", "EUR").sku is None


def test_a_cost_that_we_may_not_see_is_none() -> None:
    item = {"id": "gid://shopify/InventoryItem/88", "tracked": True, "unitCost": None}
    assert to_listing(variant(inventoryItem=item), "Mug", "EUR").unit_cost_minor is None


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"requiresComponents": True}, Unsyncable.BUNDLE_PARENT),
        (
            {"inventoryItem": {"id": "gid://shopify/InventoryItem/1", "tracked": False}},
            Unsyncable.UNTRACKED,
        ),
    ],
)
def test_what_must_never_be_written_says_why(changed: dict[str, Any], why: Unsyncable) -> None:
    assert to_listing(variant(**changed), "Mug", "EUR").unsyncable is why


@pytest.mark.parametrize("media", [None, {"preview": None}, {"preview": {"image": None}}])
def test_a_product_without_a_picture(media: Any) -> None:
    assert to_product(product(featuredMedia=media), [], "EUR").image_url is None


def test_a_level_may_be_negative() -> None:
    assert to_reading({"tracked": True}, LEVEL, REF) == LevelReading(REF, -4)


def test_levels_that_are_no_numbers() -> None:
    assert to_reading(None, None, REF).problem is Unsyncable.VANISHED
    assert to_reading({"tracked": True}, None, REF).problem is Unsyncable.VANISHED
    assert to_reading({"tracked": False}, LEVEL, REF) == LevelReading(REF, None, Unsyncable.UNTRACKED)


def test_ids_lose_their_kind_and_arguments() -> None:
    assert number_of("gid://shopify/InventoryLevel/12?inventory_item_id=3") == "12"
    with pytest.raises(ValueError, match="not a Shopify id"):
        number_of("gid://shopify/Order/abc")
