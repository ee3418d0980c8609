"""Shopify's catalog and level objects as boundary types. Pure.

Every function raises KeyError, TypeError or ValueError for a shape that the schema does not promise;
callers wrap them in `client.understood`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from app.domain.money import to_minor
from app.platforms.base import (
    CellRef,
    ExternalListing,
    ExternalLocation,
    ExternalProduct,
    LevelReading,
    Unsyncable,
)

ONLY_VARIANT_TITLE = "Default Title"
"""What Shopify calls the variant of a product without options."""


def gid(kind: str, number: str) -> str:
    return f"gid://shopify/{kind}/{number}"


def number_of(global_id: str) -> str:
    """'gid://shopify/Order/12?x=y' -> '12'. Raises ValueError."""
    number = global_id.rpartition("/")[2].partition("?")[0]
    if not is_number(number):
        raise ValueError(f"not a Shopify id: {global_id!r}")
    return number


def is_number(text: str) -> bool:
    """Whether `text` can be the numeric part of a gid; anything else makes Shopify refuse the call."""
    return text.isascii() and text.isdigit()


def moment(text: str) -> datetime:
    """Shopify's DateTime as aware UTC."""
    value = datetime.fromisoformat(text)
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def to_location(raw: Mapping[str, Any]) -> ExternalLocation:
    return ExternalLocation(number_of(raw["id"]), raw["name"], active=bool(raw["isActive"]))


def to_product(
    raw: Mapping[str, Any], variants: Sequence[Mapping[str, Any]], currency: str
) -> ExternalProduct:
    return ExternalProduct(
        external_id=number_of(raw["id"]),
        title=raw["title"],
        currency=currency,
        updated_at=moment(raw["updatedAt"]),
        listings=tuple(to_listing(variant, raw["title"], currency) for variant in variants),
        vendor=raw["vendor"] or None,
        product_type=raw["productType"] or None,
        image_url=_image_url(raw),
    )


def to_listing(raw: Mapping[str, Any], product_title: str, currency: str) -> ExternalListing:
    item = raw["inventoryItem"]
    own_title = raw["title"]
    unit_cost = item.get("unitCost")
    return ExternalListing(
        external_id=number_of(raw["id"]),
        sku=raw["sku"] or None,
        title=product_title if own_title == ONLY_VARIANT_TITLE else f"{product_title} - {own_title}",
        barcode=raw["barcode"] or None,
        price_minor=to_minor(raw["price"], currency),
        unit_cost_minor=to_minor(unit_cost["amount"], currency) if unit_cost else None,
        stock_id=number_of(item["id"]),
        unsyncable=_why_unsyncable(raw),
    )


def _why_unsyncable(raw: Mapping[str, Any]) -> Unsyncable | None:
    if raw["requiresComponents"]:
        return Unsyncable.BUNDLE_PARENT
    return None if raw["inventoryItem"]["tracked"] else Unsyncable.UNTRACKED


def _image_url(raw: Mapping[str, Any]) -> str | None:
    media = raw.get("featuredMedia") or {}
    image = (media.get("preview") or {}).get("image") or {}
    url = image.get("url")
    return str(url) if url else None


def to_reading(item: Mapping[str, Any] | None, level: Mapping[str, Any] | None, ref: CellRef) -> LevelReading:
    """The number of an inventory item at one location; `level` is null where it is not stocked."""
    if not item or level is None:
        return LevelReading(ref, None, Unsyncable.VANISHED)
    if not item["tracked"]:
        return LevelReading(ref, None, Unsyncable.UNTRACKED)
    return LevelReading(ref, int(level["quantities"][0]["quantity"]))
