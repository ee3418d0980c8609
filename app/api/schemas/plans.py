from __future__ import annotations

from marshmallow import Schema, fields


class PlanSchema(Schema):
    channels = fields.Integer(
        allow_none=True, metadata={"description": "Shops connected at a time; null: without a limit."}
    )
    orders_per_month = fields.Integer(allow_none=True, metadata={"description": "null: without a limit."})


class PlansSchema(Schema):
    items = fields.List(fields.Nested(PlanSchema))
