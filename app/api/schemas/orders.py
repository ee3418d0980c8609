from __future__ import annotations

from marshmallow import Schema, fields

from app.api.schemas.base import PageArgs


class OrderArgs(PageArgs):
    connection_id = fields.Integer(load_default=None)


class OrderSchema(Schema):
    id = fields.Integer()
    connection_id = fields.Integer()
    platform = fields.String()
    external_id = fields.String()
    number = fields.String()
    state = fields.String()
    payment = fields.String()
    currency = fields.String()
    total_minor = fields.Integer()
    subtotal_minor = fields.Integer()
    tax_minor = fields.Integer()
    shipping_minor = fields.Integer()
    discount_minor = fields.Integer()
    refunded_minor = fields.Integer()
    is_test = fields.Boolean()
    placed_at = fields.DateTime()
    updated_at = fields.DateTime(allow_none=True)
    review_reason = fields.String(allow_none=True)


class LineMovementSchema(Schema):
    id = fields.Integer()
    booked_at = fields.DateTime()
    cause = fields.String()
    variant_id = fields.Integer()
    location_id = fields.Integer()
    on_hand_delta = fields.Integer()
    committed_delta = fields.Integer()


class LineSchema(Schema):
    id = fields.Integer()
    external_id = fields.String()
    listing_id = fields.Integer(allow_none=True)
    variant_id = fields.Integer(allow_none=True)
    sku = fields.String(allow_none=True)
    title = fields.String()
    quantity = fields.Integer()
    fulfilled_quantity = fields.Integer(metadata={"description": "Units shipped, by the shop's account."})
    open_quantity = fields.Integer(
        metadata={"description": "Units left to ship, less those of shipments entered here and on their way."}
    )
    unit_price_minor = fields.Integer()
    tax_minor = fields.Integer()
    discount_minor = fields.Integer()
    movements = fields.List(fields.Nested(LineMovementSchema))


class OrderDetailSchema(OrderSchema):
    lines = fields.List(fields.Nested(LineSchema))
