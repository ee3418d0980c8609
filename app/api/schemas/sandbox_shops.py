from __future__ import annotations

from marshmallow import Schema, fields, validate

from app.services.sandbox_shops import Use


class SandboxShopSchema(Schema):
    number = fields.Integer()
    platform = fields.String()
    name = fields.String()
    use = fields.String(
        validate=validate.OneOf([use.value for use in Use]),
        metadata={"description": "`yours`: connected already; `taken`: connected in another account."},
    )


class SandboxShopsSchema(Schema):
    items = fields.List(fields.Nested(SandboxShopSchema))


class SandboxShopChoiceSchema(Schema):
    number = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=1000))
