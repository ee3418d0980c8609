"""Locations, and what they are at the shops."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from app.services.locations import LONGEST_NAME


class LocationSchema(Schema):
    id = fields.Integer()
    name = fields.String()


class NewLocationSchema(Schema):
    name = fields.String(required=True, validate=validate.Length(min=1, max=LONGEST_NAME))


class ShopLocationSchema(Schema):
    """A location of the shop; without `location_id` it is left alone."""

    external_location_id = fields.String(
        metadata={"description": "The shop's own id of it; empty on a platform without locations."}
    )
    name = fields.String(metadata={"description": "As the shop calls it."})
    active = fields.Boolean(metadata={"description": "Whether the shop still uses it."})
    location_id = fields.Integer(allow_none=True)
    location = fields.String(allow_none=True)


class ShopLocationsSchema(Schema):
    items = fields.List(fields.Nested(ShopLocationSchema))


class MappedSchema(Schema):
    external_location_id = fields.String(required=True, validate=validate.Length(max=200))
    location_id = fields.Integer(required=True, strict=True)


class MappingSchema(Schema):
    locations = fields.List(
        fields.Nested(MappedSchema),
        required=True,
        validate=validate.Length(min=1, max=1000),
        metadata={"description": "The first one first: what happens hits them in this order."},
    )
