from __future__ import annotations

from marshmallow import Schema, fields, validate

from app.api.schemas.base import OF_AN_ID, PageArgs, Said, SentenceSchema
from app.api.schemas.dashboard import SpanSchema
from app.api.schemas.variant_filters import ARCHIVED, VariantFilters, sort_of
from app.models.stock import CELL_STATES, MOVEMENT_CAUSES
from app.models.stock_changes import REASONS
from app.services.queries.paging import MOST
from app.services.queries.why import KINDS


class StockFilters(VariantFilters):
    archived = fields.String(load_default="any", validate=validate.OneOf(ARCHIVED))
    connection_id = fields.Integer(
        load_default=None, metadata={"description": "Only what has a number at this shop."}
    )
    location_id = fields.Integer(
        load_default=None, metadata={"description": "Only what was ever counted at this location."}
    )


class StockArgs(PageArgs, StockFilters):
    variant_id = fields.List(
        fields.Integer(validate=OF_AN_ID),
        load_default=[],
        data_key="variant_id",
        attribute="variant_ids",
        validate=validate.Length(max=MOST),
        metadata={"description": "Only these; may be given several times."},
    )
    sort = sort_of()


class StockCountSchema(Schema):
    count = fields.Integer()
    at_least = fields.Boolean(metadata={"description": "There are more than were counted."})


class ChannelSchema(Schema):
    """What one channel shows, as far as we know, and what it should show."""

    connection_id = fields.Integer()
    connection_name = fields.String()
    platform = fields.String()
    location_id = fields.Integer()
    expected = fields.Integer(allow_none=True)
    target = fields.Integer(allow_none=True)
    state = fields.String(validate=validate.OneOf(CELL_STATES))
    drift = fields.Integer()
    held = fields.Boolean(
        metadata={
            "description": "Not raised until a person decides about a number that was changed by hand, there "
            "or at another shop: `GET /reviews?variant_id=`."
        }
    )
    dirty = fields.Boolean()
    error = fields.String()
    error_said = Said("error")
    synced_at = fields.DateTime(
        allow_none=True, metadata={"description": "When its number was last read there, or written."}
    )


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
    is_bundle = fields.Boolean(metadata={"description": "Made of others: it has no stock of its own."})
    archived_at = fields.DateTime(allow_none=True)
    on_hand = fields.Integer()
    committed = fields.Integer()
    available = fields.Integer(metadata={"description": "Of a bundle what its components are enough for."})
    low_stock_threshold = fields.Integer(
        allow_none=True,
        metadata={"description": "At how many units it is low; null for the account's number."},
    )
    levels = fields.List(fields.Nested(LevelSchema))
    channels = fields.List(fields.Nested(ChannelSchema))


class ThresholdSchema(Schema):
    low_stock_threshold = fields.Integer(required=True, strict=True, allow_none=True)


class MovementSchema(SentenceSchema):
    id = fields.Integer()
    booked_at = fields.DateTime()
    occurred_at = fields.DateTime()
    variant_id = fields.Integer()
    sku = fields.String(allow_none=True)
    title = fields.String(metadata={"description": "Of the variant."})
    location_id = fields.Integer()
    location = fields.String()
    cause = fields.String(validate=validate.OneOf(MOVEMENT_CAUSES))
    on_hand_delta = fields.Integer()
    committed_delta = fields.Integer()
    on_hand_after = fields.Integer()
    committed_after = fields.Integer()
    order_id = fields.Integer(allow_none=True)
    order_number = fields.String(allow_none=True)
    connection_id = fields.Integer(allow_none=True)
    reason = fields.String(
        allow_none=True,
        validate=validate.OneOf(REASONS),
        metadata={"description": "Of a change by hand."},
    )
    note = fields.String(allow_none=True)
    made_by = fields.String(allow_none=True, metadata={"description": "Who changed or counted it."})


class MovementFilterArgs(Schema):
    """Which movements; all of what is given must hold."""

    cause = fields.List(
        fields.String(validate=validate.OneOf(MOVEMENT_CAUSES)),
        load_default=[],
        validate=validate.Length(max=len(MOVEMENT_CAUSES)),
        metadata={"description": "One of these; may be given several times."},
    )
    location_id = fields.Integer(load_default=None)
    booked_from = fields.AwareDateTime(load_default=None, metadata={"description": "Booked then or later."})
    booked_to = fields.AwareDateTime(load_default=None, metadata={"description": "Booked before then."})


class MovementArgs(MovementFilterArgs, PageArgs):
    """A page of them."""


class MovementFileArgs(MovementFilterArgs):
    variant_id = fields.Integer(load_default=None)


class StockFileArgs(Schema):
    location_id = fields.Integer(load_default=None)


class WhyArgs(PageArgs):
    at = fields.AwareDateTime(
        load_default=None,
        metadata={"description": "Explains the numbers of this moment; of now if left out."},
    )


class WhySchema(SentenceSchema):
    """What led to a number: a movement of the ledger, a write to a channel, or a change made there."""

    at = fields.DateTime()
    kind = fields.String(validate=validate.OneOf(KINDS))
    id = fields.Integer(metadata={"description": "Unique among its kind."})
    location = fields.String(allow_none=True)
    connection_id = fields.Integer(allow_none=True)
    order_id = fields.Integer(allow_none=True)
    on_hand_after = fields.Integer(allow_none=True)
    committed_after = fields.Integer(allow_none=True)


class AsOfArgs(PageArgs):
    at = fields.AwareDateTime(required=True, metadata={"description": "The numbers of this moment."})
    variant_id = fields.Integer(load_default=None)


class ToldSchema(Schema):
    connection_id = fields.Integer()
    told = fields.Integer(metadata={"description": "The number that it had taken last."})


class LevelAsOfSchema(Schema):
    """A variant at one location, as it was."""

    variant_id = fields.Integer()
    sku = fields.String(allow_none=True)
    title = fields.String()
    location_id = fields.Integer()
    location = fields.String()
    on_hand = fields.Integer()
    committed = fields.Integer()
    available = fields.Integer()
    channels = fields.List(fields.Nested(ToldSchema))


class BalanceSchema(Schema):
    on_hand = fields.Integer()
    committed = fields.Integer()
    available = fields.Integer()


class LevelHistorySchema(Schema):
    location_id = fields.Integer()
    location = fields.String()
    points = fields.List(
        fields.Nested(BalanceSchema, allow_none=True),
        metadata={"description": "At the end of each period that has begun; null where that is not known."},
    )


class StockHistorySchema(SpanSchema):
    levels = fields.List(fields.Nested(LevelHistorySchema))
