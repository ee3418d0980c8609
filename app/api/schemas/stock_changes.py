from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from app.models.stock_changes import CHANGE_KINDS, REASONS
from app.services.stock_changes import MOST_KEY_CHARACTERS, MOST_NOTE_CHARACTERS, MOST_VARIANTS


class ByHandSchema(Schema):
    """What every change by hand comes with."""

    note = fields.String(load_default="", validate=validate.Length(max=MOST_NOTE_CHARACTERS))
    key = fields.String(
        required=True,
        validate=validate.Length(min=1, max=MOST_KEY_CHARACTERS),
        metadata={"description": "Of your choice. A repeated call with the same key changes nothing."},
    )


class AdjustmentSchema(ByHandSchema):
    variant_id = fields.Integer(required=True, strict=True)
    location_id = fields.Integer(required=True, strict=True)
    delta = fields.Integer(required=True, strict=True, metadata={"description": "Units, signed."})
    reason = fields.String(required=True, validate=validate.OneOf(REASONS))


class UnitsSchema(Schema):
    variant_id = fields.Integer(required=True, strict=True)
    quantity = fields.Integer(required=True, strict=True)


def _lines() -> fields.Field[Any]:
    return fields.List(
        fields.Nested(UnitsSchema), required=True, validate=validate.Length(min=1, max=MOST_VARIANTS)
    )


class ReceiptSchema(ByHandSchema):
    location_id = fields.Integer(required=True, strict=True)
    lines = _lines()
    reason = fields.String(load_default="received", validate=validate.OneOf(REASONS))


class TransferSchema(ByHandSchema):
    from_location_id = fields.Integer(required=True, strict=True)
    to_location_id = fields.Integer(required=True, strict=True)
    lines = _lines()


class MovedSchema(Schema):
    variant_id = fields.Integer()
    location_id = fields.Integer()
    on_hand_delta = fields.Integer()
    on_hand_after = fields.Integer(metadata={"description": "Right after this change."})
    committed_after = fields.Integer()


class StockChangeSchema(Schema):
    id = fields.Integer()
    kind = fields.String(validate=validate.OneOf(CHANGE_KINDS))
    reason = fields.String(allow_none=True, validate=validate.OneOf(REASONS))
    note = fields.String()
    created_at = fields.DateTime()
    movements = fields.List(fields.Nested(MovedSchema))
