from __future__ import annotations

from marshmallow import Schema, fields, validate

from app.api.schemas.base import SOMETIMES, Said
from app.domain.event_log import EventKind
from app.domain.health import Colour
from app.domain.periods import Grain
from app.models.connections import CONNECTION_STATES
from app.models.stock import MOVEMENT_CAUSES
from app.services.queries.dashboard.orders import KEYS
from app.services.queries.dashboard.reporting import EARLIEST, LATEST

_DAYS = validate.Range(min=EARLIEST, max=LATEST)


class SpanArgs(Schema):
    """Days by the merchant's clock; the last 30 where none are named."""

    first = fields.Date(load_default=None, validate=_DAYS, metadata={"description": "The first day."})
    last = fields.Date(load_default=None, validate=_DAYS, metadata={"description": "The last day, included."})
    grain = fields.String(
        load_default="day",
        validate=validate.OneOf([grain.value for grain in Grain]),
        metadata={"description": "How long the periods are."},
    )


class OrderReportArgs(SpanArgs):
    by = fields.String(
        load_default="currency",
        validate=validate.OneOf(list(KEYS)),
        metadata={"description": "What has a series of its own, beside each currency."},
    )
    connection_id = fields.Integer(load_default=None)


class StockReportArgs(SpanArgs):
    location_id = fields.Integer(load_default=None)


class PeriodSchema(Schema):
    start = fields.DateTime()
    end = fields.DateTime()
    local_start = fields.String(
        metadata={"format": "date-time", "description": "`start` as the merchant's clock shows it."}
    )


class SpanSchema(Schema):
    time_zone = fields.String()
    first = fields.Date()
    last = fields.Date()
    grain = fields.String(validate=validate.OneOf([grain.value for grain in Grain]))
    periods = fields.List(
        fields.Nested(PeriodSchema), metadata={"description": "Points of series belong to these, in order."}
    )


class OrderPointSchema(Schema):
    orders = fields.Integer(metadata={"description": "Sales."})
    cancelled = fields.Integer(metadata={"description": "Cancelled, or their payment failed; no sales."})
    total_minor = fields.Integer()
    refunded_minor = fields.Integer(
        metadata={"description": "Paid back of these orders' totals, whenever that was."}
    )


class OrderTotalSchema(OrderPointSchema):
    currency = fields.String()
    net_minor = fields.Integer(metadata={"description": "Total less refunds."})
    average_minor = fields.Integer(allow_none=True, metadata={"description": "Net by sale."})


class ConvertedOrdersSchema(OrderTotalSchema):
    """In the reporting currency, at the merchant's rates."""

    without_rate = fields.List(
        fields.String(), metadata={"description": "Currencies left out, for which there is no rate."}
    )


class OrderSeriesSchema(Schema):
    connection_id = fields.Integer(metadata=SOMETIMES | {"description": "By connection."})
    platform = fields.String(metadata=SOMETIMES | {"description": "By platform or connection."})
    currency = fields.String()
    points = fields.List(fields.Nested(OrderPointSchema))


class OrderReportSchema(SpanSchema):
    totals = fields.List(fields.Nested(OrderTotalSchema))
    converted = fields.Nested(ConvertedOrdersSchema, allow_none=True)
    series = fields.List(fields.Nested(OrderSeriesSchema))


class StockValueSchema(Schema):
    currency = fields.String()
    basis = fields.String(
        validate=validate.OneOf(("cost", "price", "none")),
        metadata={"description": "What a unit is valued at."},
    )
    variants = fields.Integer()
    units = fields.Integer()
    value_minor = fields.Integer()


class ConvertedValueSchema(Schema):
    currency = fields.String()
    units = fields.Integer()
    value_minor = fields.Integer()
    without_rate = fields.List(fields.String())


class RunningLowSchema(Schema):
    kind = fields.String(validate=validate.OneOf([EventKind.OVERSOLD.value, EventKind.LOW_STOCK.value]))
    variant_id = fields.Integer()
    sku = fields.String(allow_none=True)
    title = fields.String()
    available = fields.Integer()
    low_stock_threshold = fields.Integer(allow_none=True)
    raised_at = fields.DateTime()


class MovementPointSchema(Schema):
    units_in = fields.Integer()
    units_out = fields.Integer()


class MovementSeriesSchema(Schema):
    kind = fields.String(
        validate=validate.OneOf((*MOVEMENT_CAUSES, "receipt")), metadata={"description": "What moved them."}
    )
    points = fields.List(fields.Nested(MovementPointSchema))


class StockReportSchema(SpanSchema):
    value = fields.List(fields.Nested(StockValueSchema))
    converted = fields.Nested(ConvertedValueSchema, allow_none=True)
    low_stock = fields.List(
        fields.Nested(RunningLowSchema),
        metadata={"description": "The ten with the fewest left, fewest first."},
    )
    low_stock_count = fields.Integer(metadata={"description": "Of all of them, without what is archived."})
    movements = fields.List(fields.Nested(MovementSeriesSchema))


class PushPointSchema(Schema):
    applied = fields.Integer()
    stale = fields.Integer(metadata={"description": "The shop's number had changed: looked at again."})
    failed = fields.Integer()


class PushSumSchema(PushPointSchema):
    success_permille = fields.Integer(
        allow_none=True, metadata={"description": "Applied of 1000 that were applied or failed."}
    )


class PushSeriesSchema(PushSumSchema):
    connection_id = fields.Integer()
    platform = fields.String()
    name = fields.String()
    points = fields.List(fields.Nested(PushPointSchema))


class CallPointSchema(Schema):
    """Each try of a call that was repeated counts. Rates and latencies are null where nothing was called."""

    calls = fields.Integer()
    succeeded = fields.Integer()
    refused = fields.Integer(metadata={"description": "What was asked for was wrong, or is gone."})
    throttled = fields.Integer(metadata={"description": "We were told to ask less often, and waited."})
    failed = fields.Integer(metadata={"description": "A fault of the platform's, or no answer."})
    success_permille = fields.Integer(
        allow_none=True, metadata={"description": "Succeeded of 1000 calls, rounded down."}
    )
    error_permille = fields.Integer(
        allow_none=True, metadata={"description": "Failed of 1000 calls, rounded up."}
    )
    mean_latency_ms = fields.Integer(allow_none=True)
    slowest_ms = fields.Integer(allow_none=True)


class CallSeriesSchema(CallPointSchema):
    platform = fields.String()
    points = fields.List(fields.Nested(CallPointSchema))


class InterruptionSchema(Schema):
    started_at = fields.DateTime()
    ended_at = fields.DateTime(allow_none=True, metadata={"description": "Null while it lasts."})
    parts = fields.List(
        fields.String(),
        metadata={"description": "What did not work: web, redis, scheduler, or a queue without workers."},
    )


class UptimeSchema(Schema):
    """Of SyncFlow itself, in whole minutes that are over. What lies before the first probe is unknown."""

    up_ppm = fields.Integer(
        allow_none=True,
        metadata={"description": "Up of 1,000,000 known seconds, rounded down; null where nothing is known."},
    )
    up_seconds = fields.Integer()
    down_seconds = fields.Integer()
    unknown_seconds = fields.Integer(metadata={"description": "Before the first probe, or nobody can tell."})
    interruptions = fields.Integer()
    longest_seconds = fields.Integer(allow_none=True)
    last_interruption = fields.Nested(InterruptionSchema, allow_none=True)
    probed_since = fields.DateTime(allow_none=True)


class ReachedSchema(Schema):
    connection_id = fields.Integer()
    platform = fields.String()
    name = fields.String()
    hours = fields.Integer(metadata={"description": "In which the shop was called."})
    hours_out = fields.Integer(
        metadata={"description": "In which all of its answers were faults, or there were none."}
    )
    reached_permille = fields.Integer(metadata={"description": "The others, of 1000."})
    last_hour_out = fields.DateTime(allow_none=True)


class SyncReportSchema(SpanSchema, PushSumSchema):
    connections = fields.List(fields.Nested(PushSeriesSchema))
    platforms = fields.List(
        fields.Nested(CallSeriesSchema),
        metadata={"description": "Of each platform that was called: how its API answered."},
    )
    uptime = fields.Nested(UptimeSchema)
    shops = fields.List(
        fields.Nested(ReachedSchema),
        metadata={"description": "Of each shop that was called: whether it could be reached."},
    )


class ShopStatusSchema(Schema):
    connection_id = fields.Integer()
    platform = fields.String()
    name = fields.String()
    state = fields.String(validate=validate.OneOf(CONNECTION_STATES))
    state_reason = fields.String()
    light = fields.String(validate=validate.OneOf([colour.value for colour in Colour]))
    reasons = fields.List(fields.String(), metadata={"description": "Why it is not green, the worst first."})
    last_success_at = fields.DateTime(allow_none=True)
    last_error = fields.String()
    last_error_said = Said("last_error")
    failures = fields.Integer()
    pending = fields.Integer(metadata={"description": "Events, numbers and writes that are under way."})
    pending_events = fields.Integer()
    dirty_cells = fields.Integer()
    open_attempts = fields.Integer()
    failed_cells = fields.Integer()
    reviews = fields.Integer()
    items_per_second = fields.Float(
        metadata={"description": "Numbers written, as the mean of the last half hour."}
    )


class ShopStatusListSchema(Schema):
    items = fields.List(fields.Nested(ShopStatusSchema))


class TodaySchema(Schema):
    date = fields.Date()
    start = fields.DateTime()
    end = fields.DateTime()
    totals = fields.List(fields.Nested(OrderTotalSchema))
    converted = fields.Nested(ConvertedOrdersSchema, allow_none=True)


class AttentionSchema(Schema):
    kind = fields.String()
    connection_id = fields.Integer(allow_none=True)
    count = fields.Integer()
    action = fields.String(metadata={"description": "What there is to do."})
    path = fields.String(metadata={"description": "Where that is done or seen, below /api/v1."})


class OverviewSchema(Schema):
    time_zone = fields.String()
    today = fields.Nested(TodaySchema)
    connections = fields.List(fields.Nested(ShopStatusSchema))
    low_stock = fields.Integer(metadata={"description": "Variants at their threshold or below."})
    oversold = fields.Integer()
    attention = fields.List(fields.Nested(AttentionSchema))


class RateSchema(Schema):
    currency = fields.String(required=True, validate=validate.Length(equal=3))
    rate = fields.String(
        required=True,
        validate=validate.Length(max=30),
        metadata={"description": "What one unit is worth in the reporting currency: 1.0825."},
    )


class ReportingSchema(Schema):
    time_zone = fields.String(
        required=True, validate=validate.Length(max=64), metadata={"description": "IANA's: Europe/Berlin."}
    )
    currency = fields.String(
        required=True,
        allow_none=True,
        validate=validate.Length(equal=3),
        metadata={"description": "What sums are converted to; null: nothing is converted."},
    )
    rates = fields.List(fields.Nested(RateSchema), required=True, validate=validate.Length(max=200))
