from __future__ import annotations

from marshmallow import Schema, fields


class CapabilitiesSchema(Schema):
    compare_and_set = fields.Boolean()
    deltas = fields.Boolean()
    locations = fields.Boolean()
    write_batch = fields.Integer()
    read_batch = fields.Integer()
    order_batch = fields.Integer()
    holding_payments = fields.List(fields.String())
    partial_fulfillments = fields.Boolean(
        metadata={"description": "Whether it can show that a part of an order was shipped."}
    )
    price_batch = fields.Integer(metadata={"description": "0 where no price can be written."})


class PlatformSchema(Schema):
    slug = fields.String()
    name = fields.String()
    capabilities = fields.Nested(CapabilitiesSchema)
    config_schema = fields.Dict(metadata={"description": "JSON schema of `config` of a new connection."})
    ready = fields.Boolean(metadata={"description": "Whether this server is set up to connect it."})
    missing_settings = fields.List(fields.String())


class PlatformsSchema(Schema):
    items = fields.List(fields.Nested(PlatformSchema))
