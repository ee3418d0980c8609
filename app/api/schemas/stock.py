from __future__ import annotations

from marshmallow import Schema, fields, validate

from app.api.schemas.base import PageArgs


class StockArgs(PageArgs):
    q = fields.String(
        load_default=None,
        validate=validate.Length(max=200),
        metadata={"description": "Part of a title, or the beginning of a SKU."},
    )


class ChannelSchema(Schema):
    """What one channel shows, as far as we know, and what it should show."""

    connection_id = fields.Integer()
    connection_name = fields.String()
    platform = fields.String()
    location_id = fields.Integer()
    expected = fields.Integer(allow_none=True)
    target = fields.Integer(allow_none=True)
    state = fields.String()
    drift = fields.Integer()
    dirty = fields.Boolean()
    error = fields.String()


class LevelSchema(Schema):
    """What there is at one location."""

    location_id = fields.Integer()
    location = fields.String()
    on_hand = fields.Integer()
    committed = fields.Integer()
    available = fields.Integer()


class StockSchema(Schema):
    variant_id = fields.Integer()
    sku = fields.String(allow_none=True)
    title = fields.String()
    on_hand = fields.Integer()
    committed = fields.Integer()
    available = fields.Integer()
    low_stock_threshold = fields.Integer(
        allow_none=True, metadata={"description": "At how many units it is low; null for the usual number."}
    )
    levels = fields.List(fields.Nested(LevelSchema))
    channels = fields.List(fields.Nested(ChannelSchema))


class ThresholdSchema(Schema):
    low_stock_threshold = fields.Integer(required=True, strict=True, allow_none=True)


class MovementSchema(Schema):
    id = fields.Integer()
    booked_at = fields.DateTime()
    occurred_at = fields.DateTime()
    location_id = fields.Integer()
    location = fields.String()
    cause = fields.String()
    on_hand_delta = fields.Integer()
    committed_delta = fields.Integer()
    on_hand_after = fields.Integer()
    committed_after = fields.Integer()
    order_id = fields.Integer(allow_none=True)
    order_number = fields.String(allow_none=True)
    connection_id = fields.Integer(allow_none=True)
    reason = fields.String(allow_none=True, metadata={"description": "Of a change by hand."})
    note = fields.String(allow_none=True)
    made_by = fields.String(allow_none=True, metadata={"description": "Who changed or counted it."})
    text = fields.String(metadata={"description": "The movement in plain words."})
