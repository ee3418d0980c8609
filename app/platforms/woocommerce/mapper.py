"""WooCommerce's products and variations as boundary types. Pure.

Shapes: REST v3 `products` and `variations`. `manage_stock` is true, false or the string "parent".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from html import unescape
from typing import Any

from app.domain.money import to_minor
from app.platforms.base import CellRef, ExternalListing, ExternalProduct, LevelReading, Unsyncable

Doc = Mapping[str, Any]
"""One JSON object as the shop sent it."""

PRICE_FIELDS = "id,parent_id,price,regular_price"
LEVEL_FIELDS = "id,type,parent_id,manage_stock,stock_quantity"
VARIATION_FIELDS = (
    "id,parent_id,sku,global_unique_id,price,regular_price,manage_stock,stock_quantity,"
    "attributes,cost_of_goods_sold"
)
PRODUCT_FIELDS = (
    "id,name,type,sku,global_unique_id,price,regular_price,manage_stock,stock_quantity,"
    "variations,date_modified_gmt,date_created_gmt,images,categories,brands,cost_of_goods_sold"
)

_VARIABLE = frozenset({"variable", "variable-subscription"})
_BUNDLES = frozenset({"grouped", "bundle", "composite", "woosb", "yith_bundle"})
"""Types whose number follows from other products: WooCommerce's own `grouped`, and common plugins'."""


def gmt(value: str | None) -> datetime | None:
    """'2026-05-01T10:00:00' of a `*_gmt` field, UTC without offset, as aware UTC."""
    if not value:
        return None
    found = datetime.fromisoformat(value)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def gmt_text(moment: datetime) -> str:
    """The form that `modified_after` with `dates_are_gmt` compares rightly: no offset, whole seconds.

    With an offset WordPress would first convert it to the site's time zone (WP_Date_Query).
    """
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def units(value: Any) -> int:
    """A quantity, which plugins and line meta also write as '2' or 2.0. Raises ValueError for none."""
    try:
        return int(Decimal(str(value)))
    except (InvalidOperation, ValueError, OverflowError) as err:
        raise ValueError(f"not a quantity: {value!r}") from err


def is_variable(product: Doc) -> bool:
    """Whether the product is sold only through its variations."""
    return product.get("type") in _VARIABLE


def variation_ids(product: Doc) -> tuple[str, ...]:
    return tuple(str(found) for found in product.get("variations") or ()) if is_variable(product) else ()


def product_from(doc: Doc, variations: Sequence[Doc], *, currency: str) -> ExternalProduct:
    """A product with everything it sells: itself, or its variations."""
    if is_variable(doc):
        listings = tuple(_variation_listing(found, doc, currency) for found in variations)
    else:
        listings = (_product_listing(doc, currency),)
    updated_at = gmt(doc.get("date_modified_gmt")) or gmt(doc.get("date_created_gmt"))
    return ExternalProduct(
        external_id=str(doc["id"]),
        title=unescape(str(doc["name"])),
        currency=currency,
        updated_at=updated_at or datetime.fromtimestamp(0, UTC),
        listings=listings,
        vendor=_first_name(doc.get("brands")),
        product_type=_first_name(doc.get("categories")),
        image_url=next((image.get("src") for image in doc.get("images") or ()), None),
    )


def _product_listing(doc: Doc, currency: str) -> ExternalListing:
    stock_id, unsyncable = None, Unsyncable.UNTRACKED
    if doc["type"] in _BUNDLES:
        unsyncable = Unsyncable.BUNDLE_PARENT
    elif doc["type"] != "external" and doc["manage_stock"] is True:
        stock_id = str(doc["id"])
    return _listing(doc, unescape(str(doc["name"])), currency, stock_id, unsyncable)


def _variation_listing(doc: Doc, parent: Doc, currency: str) -> ExternalListing:
    options = [str(attribute.get("option") or "any") for attribute in doc.get("attributes") or ()]
    title = unescape(" - ".join(part for part in (str(parent["name"]), ", ".join(options)) if part))
    stock_id = None
    if doc["manage_stock"] == "parent":
        stock_id = str(parent["id"])
    elif doc["manage_stock"] is True:
        stock_id = variation_stock_id(parent["id"], doc["id"])
    return _listing(doc, title, currency, stock_id, Unsyncable.UNTRACKED)


def _listing(
    doc: Doc, title: str, currency: str, stock_id: str | None, why_not: Unsyncable
) -> ExternalListing:
    cost = (doc.get("cost_of_goods_sold") or {}).get("total_value")
    return ExternalListing(
        external_id=str(doc["id"]),
        sku=doc.get("sku") or None,
        title=title,
        barcode=doc.get("global_unique_id") or None,
        price_minor=regular_price(doc, currency),
        unit_cost_minor=to_minor(str(cost), currency) if cost else None,
        stock_id=stock_id,
        unsyncable=None if stock_id else why_not,
    )


def regular_price(doc: Doc, currency: str) -> int | None:
    """In minor units; a sale's price is another field. None without one. Raises ValueError for no amount."""
    price = doc.get("regular_price") or doc.get("price")
    return to_minor(str(price), currency) if price else None


def _first_name(terms: Sequence[Doc] | None) -> str | None:
    return next((unescape(str(term["name"])) for term in terms or ()), None)


def variation_stock_id(parent_id: object, variation_id: object) -> str:
    return f"{parent_id}:{variation_id}"


def level_from(doc: Doc, parent_id: object | None = None) -> LevelReading:
    """The number of a product, or of a variation where `parent_id` or the document's own names one.

    A variation that shares its parent's number keeps none of its own: it reads as untracked, and the
    number is read from the parent.
    """
    parent = parent_id or doc.get("parent_id")
    if parent and (parent_id or doc.get("type", "variation") == "variation"):
        ref = CellRef(variation_stock_id(parent, doc["id"]))
    else:
        ref = CellRef(str(doc["id"]))
    quantity = doc["stock_quantity"]
    if doc["manage_stock"] is not True or quantity is None:
        return LevelReading(ref, None, Unsyncable.UNTRACKED)
    return LevelReading(ref, units(quantity))
