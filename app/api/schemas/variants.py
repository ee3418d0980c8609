from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from app.api.schemas.base import PageArgs
from app.api.schemas.connections import ListingSchema
from app.api.schemas.stock import LevelSchema
from app.api.schemas.variant_filters import VariantFilters, sort_of
from app.domain.variants import MOST_BARCODE, MOST_SKU, MOST_TITLE

_SKU = validate.Length(min=1, max=MOST_SKU)
_BARCODE = validate.Length(min=1, max=MOST_BARCODE)
_CURRENCY = validate.Regexp(r"[A-Z]{3}\Z")


def _amount() -> fields.Field[Any]:
    return fields.Integer(
        strict=True, allow_none=True, metadata={"description": "In the currency's smallest unit."}
    )


class VariantArgs(PageArgs, VariantFilters):
    sort = sort_of()


class ChangeVariantSchema(Schema):
    """What is left out stays as it is; null takes it away."""

    sku = fields.String(allow_none=True, validate=_SKU)
    title = fields.String(validate=validate.Length(min=1, max=MOST_TITLE))
    barcode = fields.String(allow_none=True, validate=_BARCODE)
    currency = fields.String(validate=_CURRENCY, metadata={"description": "ISO 4217, of price and cost."})
    price_minor = _amount()
    unit_cost_minor = _amount()
    low_stock_threshold = fields.Integer(
        strict=True,
        allow_none=True,
        metadata={"description": "Low at so many units; null: the usual number."},
    )


class NewVariantSchema(ChangeVariantSchema):
    title = fields.String(required=True, validate=validate.Length(min=1, max=MOST_TITLE))
    product_id = fields.Integer(
        strict=True,
        allow_none=True,
        load_default=None,
        metadata={"description": "The product that it is one of; null makes one of its title."},
    )


class VariantSchema(Schema):
    id = fields.Integer()
    product_id = fields.Integer()
    product_title = fields.String()
    sku = fields.String(allow_none=True)
    title = fields.String()
    barcode = fields.String(allow_none=True)
    currency = fields.String(metadata={"description": "Empty while it has neither price nor cost."})
    price_minor = fields.Integer(allow_none=True)
    unit_cost_minor = fields.Integer(allow_none=True)
    low_stock_threshold = fields.Integer(allow_none=True)
    on_hand = fields.Integer(metadata={"description": "Over all locations, as the two that follow."})
    committed = fields.Integer()
    available = fields.Integer(metadata={"description": "Of a bundle what its components are enough for."})
    listing_count = fields.Integer()
    is_bundle = fields.Boolean()
    archived_at = fields.DateTime(allow_none=True)
    created_at = fields.DateTime()


class PartSchema(Schema):
    variant_id = fields.Integer()
    sku = fields.String(allow_none=True)
    title = fields.String()
    quantity = fields.Integer(metadata={"description": "Units of the component in one bundle."})


class VariantDetailSchema(VariantSchema):
    levels = fields.List(fields.Nested(LevelSchema))
    listings = fields.List(
        fields.Nested(ListingSchema),
        metadata={"description": "The first 250; all are at /listings?variant_id=."},
    )
    components = fields.List(fields.Nested(PartSchema), metadata={"description": "What it is made of."})
    part_of = fields.List(fields.Nested(PartSchema), metadata={"description": "Bundles that need it."})


class ProductSchema(Schema):
    id = fields.Integer()
    title = fields.String()
    vendor = fields.String(allow_none=True)
    product_type = fields.String(allow_none=True)
    image_url = fields.String(allow_none=True)
    variant_count = fields.Integer()
    created_at = fields.DateTime()
