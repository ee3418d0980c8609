from __future__ import annotations

from marshmallow import Schema, fields, validate

from app.api.schemas.base import PageArgs, SentenceSchema
from app.models.stock import MOVEMENT_CAUSES
from app.platforms.base import OrderState, PaymentState
from app.services.queries.order_filters import SORTS
from app.services.queries.timeline import KINDS

LONGEST_TERM = 100


class OrderFilterArgs(Schema):
    """Which orders; all of what is given must hold."""

    connection_id = fields.Integer(load_default=None)
    state = fields.List(
        fields.String(validate=validate.OneOf([state.value for state in OrderState])),
        load_default=[],
        validate=validate.Length(max=len(OrderState)),
        metadata={"description": "One of these; may be given several times."},
    )
    payment = fields.List(
        fields.String(validate=validate.OneOf([state.value for state in PaymentState])),
        load_default=[],
        validate=validate.Length(max=len(PaymentState)),
        metadata={"description": "One of these; may be given several times."},
    )
    placed_from = fields.AwareDateTime(
        load_default=None, metadata={"description": "Placed then or later, by the shop's clock."}
    )
    placed_to = fields.AwareDateTime(load_default=None, metadata={"description": "Placed before then."})
    needs_review = fields.Boolean(
        load_default=None, metadata={"description": "Whether a person should look at it."}
    )
    is_test = fields.Boolean(
        load_default=None, metadata={"description": "Whether the shop marked it as a test."}
    )
    q = fields.String(
        load_default=None,
        validate=validate.Length(max=LONGEST_TERM),
        metadata={
            "description": "The beginning of an order's number or of a line's SKU, in any case, or the whole "
            "e-mail address or shop's id of the customer."
        },
    )


class OrderArgs(OrderFilterArgs, PageArgs):
    """A page of them."""

    sort = fields.String(
        load_default=SORTS[0],
        validate=validate.OneOf(SORTS),
        metadata={"description": "A minus: from the highest to the lowest."},
    )


class OrderFileArgs(OrderFilterArgs):
    """What a file of orders has."""

    rows = fields.String(
        load_default="orders",
        validate=validate.OneOf(["orders", "lines"]),
        metadata={"description": "A row for each order, or for each line of each order."},
    )


class RevenueSchema(Schema):
    currency = fields.String()
    orders = fields.Integer()
    total_minor = fields.Integer()
    refunded_minor = fields.Integer()


class TotalsSchema(Schema):
    count = fields.Integer()
    at_least = fields.Boolean(
        metadata={"description": "There are more than were counted; the sums are of those counted."}
    )
    revenue = fields.List(fields.Nested(RevenueSchema))


class OrderSchema(Schema):
    id = fields.Integer()
    connection_id = fields.Integer()
    platform = fields.String()
    external_id = fields.String()
    number = fields.String()
    state = fields.String(validate=validate.OneOf([state.value for state in OrderState]))
    payment = fields.String(validate=validate.OneOf([state.value for state in PaymentState]))
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
    cause = fields.String(validate=validate.OneOf(MOVEMENT_CAUSES))
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


class TimelineSchema(SentenceSchema):
    """One thing that happened to an order, or because of it."""

    at = fields.DateTime()
    kind = fields.String(validate=validate.OneOf(KINDS))
    made_by = fields.String(
        allow_none=True, metadata={"description": "Who did it here; null for shops and SyncFlow itself."}
    )
    id = fields.Integer(metadata={"description": "Of the row that tells of it, unique among its kind."})
    line_id = fields.Integer(allow_none=True)
    variant_id = fields.Integer(allow_none=True)
    location_id = fields.Integer(allow_none=True)
    connection_id = fields.Integer(allow_none=True)
    fulfillment_id = fields.Integer(allow_none=True)
    on_hand_delta = fields.Integer(allow_none=True)
    committed_delta = fields.Integer(allow_none=True)
    tracking_number = fields.String(allow_none=True)
    tracking_url = fields.String(allow_none=True)
