from __future__ import annotations

from marshmallow import Schema, fields, validate

from app.api.schemas.base import Flag, Said
from app.models.fulfillments import FULFILLMENT_STATES
from app.services.fulfillments import (
    MOST_CARRIER_CHARACTERS,
    MOST_LINES,
    MOST_NUMBER_CHARACTERS,
    MOST_URL_CHARACTERS,
)
from app.services.stock_changes import MOST_KEY_CHARACTERS


class ShippedLineSchema(Schema):
    order_line_id = fields.Integer(required=True, strict=True)
    quantity = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))


class NewFulfillmentSchema(Schema):
    lines = fields.List(
        fields.Nested(ShippedLineSchema),
        load_default=None,
        validate=validate.Length(min=1, max=MOST_LINES),
        metadata={"description": "What was shipped; everything that is left if not given."},
    )
    carrier = fields.String(load_default="", validate=validate.Length(max=MOST_CARRIER_CHARACTERS))
    tracking_number = fields.String(load_default="", validate=validate.Length(max=MOST_NUMBER_CHARACTERS))
    tracking_url = fields.String(
        load_default="",
        validate=validate.Length(max=MOST_URL_CHARACTERS),
        metadata={"description": "http or https; needs a tracking number."},
    )
    notify_customer = Flag(
        load_default=False, metadata={"description": "Whether the shop is to tell the customer."}
    )
    key = fields.String(
        required=True,
        validate=validate.Length(min=1, max=MOST_KEY_CHARACTERS),
        metadata={"description": "Of your choice. A repeated call with the same key ships nothing more."},
    )


class FulfilledLineSchema(Schema):
    order_line_id = fields.Integer()
    sku = fields.String(allow_none=True)
    title = fields.String()
    quantity = fields.Integer()


class FulfillmentSchema(Schema):
    id = fields.Integer()
    order_id = fields.Integer()
    connection_id = fields.Integer()
    platform = fields.String()
    state = fields.String(validate=validate.OneOf(FULFILLMENT_STATES))
    lines = fields.List(fields.Nested(FulfilledLineSchema))
    carrier = fields.String()
    tracking_number = fields.String()
    tracking_url = fields.String()
    notify_customer = fields.Boolean()
    created_at = fields.DateTime()
    created_by = fields.String()
    sent_at = fields.DateTime(allow_none=True, metadata={"description": "When the shop was seen to have it."})
    told_as = fields.String(
        allow_none=True,
        validate=validate.OneOf(("fulfillment", "note")),
        metadata={
            "description": "`fulfillment`: the shop shows it as shipped; `note`: it was told in a note only."
        },
    )
    waits_for = fields.String(
        allow_none=True,
        metadata={
            "description": "Why the shop is not told yet: `connection_<state>`, `writes_stopped` or"
            " `earlier_shipment` of the same order."
        },
    )
    next_attempt_at = fields.DateTime(allow_none=True)
    error_code = fields.String(metadata={"description": "Of the last attempt; empty if it went well."})
    error = fields.String()
    error_said = Said("error")
    remark = fields.String(
        allow_none=True, metadata={"description": "What this shop cannot show of a shipment."}
    )
