from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from app.api.schemas.base import OF_AN_ID, Flag

MOST_AT_ONCE = 1000


class ProposedConnectionSchema(Schema):
    id = fields.Integer(required=True, strict=True, validate=OF_AN_ID)
    paused = Flag()
    share_percent = fields.Integer(strict=True)
    buffer = fields.Integer(strict=True)
    cap = fields.Integer(strict=True, allow_none=True, metadata={"description": "Null for no limit."})


class ProposedListingSchema(Schema):
    """Null: as its connection does."""

    id = fields.Integer(required=True, strict=True, validate=OF_AN_ID)
    paused = Flag()
    share_percent = fields.Integer(strict=True, allow_none=True)
    buffer = fields.Integer(strict=True, allow_none=True)
    cap = fields.Integer(strict=True, allow_none=True)
    fixed_quantity = fields.Integer(strict=True, allow_none=True)


class ProposalSchema(Schema):
    """What is not named stays as it is."""

    safety_stock = fields.Integer(strict=True)
    connections = fields.List(
        fields.Nested(ProposedConnectionSchema), load_default=list, validate=validate.Length(max=MOST_AT_ONCE)
    )
    listings = fields.List(
        fields.Nested(ProposedListingSchema), load_default=list, validate=validate.Length(max=MOST_AT_ONCE)
    )

    @validates_schema
    def _each_once(self, data: dict[str, Any], **_: object) -> None:
        for name in ("connections", "listings"):
            ids = [of["id"] for of in data[name]]
            if len(set(ids)) < len(ids):
                raise ValidationError("Each only once.", name)


class PreviewedListingSchema(Schema):
    listing_id = fields.Integer()
    connection_id = fields.Integer()
    connection_name = fields.String()
    location = fields.String(metadata={"description": "Of its number: a shop may keep one at each."})
    variant_id = fields.Integer()
    sku = fields.String(allow_none=True)
    title = fields.String()
    old = fields.Integer(metadata={"description": "What it shows by the rules that are saved."})
    new = fields.Integer(metadata={"description": "What it would show."})
    causes = fields.List(fields.String(), metadata={"description": "Which rules would differ, in words."})


class EffectsSchema(Schema):
    """Listings that the rules concern, each in one of these."""

    raised = fields.Integer()
    lowered = fields.Integer(metadata={"description": "To more than nothing."})
    to_zero = fields.Integer()
    unchanged = fields.Integer()


class PreviewSchema(Schema):
    items = fields.List(
        fields.Nested(PreviewedListingSchema), metadata={"description": "Those whose number would change."}
    )
    next = fields.String(allow_none=True, metadata={"description": "Null at the end."})
    counts = fields.Nested(
        EffectsSchema, allow_none=True, metadata={"description": "On the first page; null on those after it."}
    )
