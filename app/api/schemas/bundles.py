from __future__ import annotations

from marshmallow import Schema, fields, validate

from app.services.bundles import MOST_COMPONENTS


class ComponentSchema(Schema):
    variant_id = fields.Integer(required=True, strict=True)
    quantity = fields.Integer(
        required=True, strict=True, metadata={"description": "Units of it in one bundle."}
    )
    sku = fields.String(allow_none=True, dump_only=True)
    title = fields.String(dump_only=True)


class ComponentsSchema(Schema):
    components = fields.List(
        fields.Nested(ComponentSchema), required=True, validate=validate.Length(max=MOST_COMPONENTS)
    )


class BundleSchema(Schema):
    variant_id = fields.Integer()
    sku = fields.String(allow_none=True)
    title = fields.String()
    components = fields.List(fields.Nested(ComponentSchema))
