from __future__ import annotations

from marshmallow import Schema, fields


class AccountSchema(Schema):
    id = fields.Integer()
    name = fields.String()
    safety_stock = fields.Integer(metadata={"description": "Units of each variant that no channel is shown."})
    writes_stopped_at = fields.DateTime(
        allow_none=True, metadata={"description": "Since when nothing is written to any shop."}
    )


class ConfigureAccountSchema(Schema):
    safety_stock = fields.Integer(required=True, strict=True)
