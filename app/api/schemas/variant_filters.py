"""Which variants a list has."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, post_load, validate

from app.domain.variants import MOST_SKU
from app.services.queries.variant_filters import SORTS

ARCHIVED = {"no": False, "yes": True, "any": None}


class VariantFilters(Schema):
    q = fields.String(
        load_default=None,
        validate=validate.Length(max=200),
        metadata={"description": "Part of the SKU, the title or the barcode, in any case."},
    )
    sku = fields.String(
        load_default=None,
        validate=validate.Length(max=MOST_SKU),
        metadata={"description": "Letter for letter."},
    )
    has_listings = fields.Boolean(load_default=None)
    is_bundle = fields.Boolean(load_default=None)
    low_stock = fields.Boolean(
        load_default=None, metadata={"description": "Whether a low-stock event of it is open."}
    )
    out_of_stock = fields.Boolean(
        load_default=None,
        metadata={
            "description": "Whether nothing of it is left over all locations, of what was ever counted."
        },
    )
    differs = fields.Boolean(
        load_default=None,
        metadata={
            "description": "Whether a shop's number is not known to be what it should be: it waits to be read"
            " or written, could not be, or was changed there."
        },
    )
    archived = fields.String(load_default="no", validate=validate.OneOf(ARCHIVED))

    @post_load
    def _either_way(self, given: dict[str, Any], **_options: Any) -> dict[str, Any]:
        return {**given, "archived": ARCHIVED[given["archived"]]}


def sort_of() -> fields.Field[Any]:
    return fields.String(
        load_default="id", validate=validate.OneOf(SORTS), metadata={"description": "With a minus, falling."}
    )
