from __future__ import annotations

from marshmallow import Schema, fields, validate

from app.api.schemas.base import PageArgs
from app.api.schemas.stock_changes import ByHandSchema
from app.models.stock_changes import COUNT_STATES
from app.services.stock_changes import MOST_VARIANTS


class CountArgs(PageArgs):
    state = fields.String(load_default=None, validate=validate.OneOf(COUNT_STATES))


class BeginCountSchema(ByHandSchema):
    location_id = fields.Integer(required=True, strict=True)


class CountedSchema(Schema):
    variant_id = fields.Integer(required=True, strict=True)
    counted = fields.Integer(
        required=True, strict=True, metadata={"description": "Units on the shelf, reserved ones too."}
    )


class RecordSchema(Schema):
    lines = fields.List(
        fields.Nested(CountedSchema), required=True, validate=validate.Length(min=1, max=MOST_VARIANTS)
    )
    counted_at = fields.AwareDateTime(
        required=True, metadata={"description": "When they were counted, so that a call may be repeated."}
    )


class SheetArgs(Schema):
    counted_at = fields.AwareDateTime(
        required=True,
        metadata={"description": "When the rows without a time of their own were counted."},
    )


class CountSchema(Schema):
    id = fields.Integer()
    location_id = fields.Integer()
    location = fields.String()
    state = fields.String(validate=validate.OneOf(COUNT_STATES))
    note = fields.String()
    begun_by = fields.String()
    begun_at = fields.DateTime()
    closed_at = fields.DateTime(allow_none=True)


class CountDetailSchema(CountSchema):
    variants = fields.Integer(metadata={"description": "How many were counted."})
    corrected = fields.Integer(metadata={"description": "How many of them were moved."})
    correction = fields.Integer(metadata={"description": "Units, over all of them."})


class CountLineSchema(Schema):
    variant_id = fields.Integer()
    sku = fields.String(allow_none=True)
    title = fields.String()
    counted = fields.Integer()
    counted_at = fields.DateTime()
    counted_by = fields.String()
    on_hand_then = fields.Integer(metadata={"description": "What the ledger has for that moment."})
    correction = fields.Integer(metadata={"description": "Booked, or to be booked on finishing."})
    booked_at = fields.DateTime(allow_none=True)
    superseded = fields.Boolean(metadata={"description": "Another count had booked a later number."})
