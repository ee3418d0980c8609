from __future__ import annotations

from marshmallow import Schema, fields, validate

from app.api.schemas.base import Flag, PageArgs, Said
from app.api.schemas.prices import NO_PRICE
from app.domain.matching import UnlinkedReason
from app.models.connections import CONNECTION_STATES, DRIFT_POLICIES
from app.models.prices import LISTING_PRICE_STATES
from app.models.stock import CELL_STATES
from app.services.first_sync import EFFECTS, Source


class CountsSchema(Schema):
    listings = fields.Integer()
    linked = fields.Integer()
    unlinked = fields.Dict(
        keys=fields.String(), values=fields.Integer(), metadata={"description": "By reason."}
    )
    pending_events = fields.Integer()
    dirty_cells = fields.Integer()
    failed_cells = fields.Integer()
    open_attempts = fields.Integer()
    pending_drifts = fields.Integer()
    reviews = fields.Integer(metadata={"description": "Changes at the shop that wait for a person."})
    checks_due = fields.Integer()


class ConnectionSchema(Schema):
    id = fields.Integer()
    platform = fields.String()
    shop = fields.String(metadata={"description": "The shop's address at its platform."})
    name = fields.String()
    currency = fields.String()
    state = fields.String(validate=validate.OneOf(CONNECTION_STATES))
    reason = fields.String(metadata={"description": "Why it is in this state, if that needs words."})
    reason_said = Said("reason")
    drift_policy = fields.String(validate=validate.OneOf(DRIFT_POLICIES))
    share_percent = fields.Integer()
    buffer = fields.Integer()
    cap = fields.Integer(allow_none=True)
    brake_percent = fields.Integer()
    braked_at = fields.DateTime(
        allow_none=True, metadata={"description": "Since when a mass change waits for a person."}
    )
    config = fields.Dict()
    created_at = fields.DateTime()
    orders_polled_at = fields.DateTime(allow_none=True)
    levels_swept_at = fields.DateTime(allow_none=True)
    failures = fields.Integer(metadata={"description": "Calls in a row that failed."})
    backoff_until = fields.DateTime(allow_none=True)
    last_success_at = fields.DateTime(allow_none=True)
    last_error = fields.String()
    last_error_said = Said("last_error")
    counts = fields.Nested(CountsSchema)


class NewConnectionSchema(Schema):
    platform = fields.String(required=True)
    config = fields.Dict(keys=fields.String(), required=True)


class StartedSchema(Schema):
    connection = fields.Nested(ConnectionSchema)
    authorize_url = fields.String(
        allow_none=True, metadata={"description": "Where to send the browser; null if it is connected."}
    )


class ConfigureSchema(Schema):
    name = fields.String(validate=validate.Length(min=1, max=200))
    drift_policy = fields.String(validate=validate.OneOf(DRIFT_POLICIES))
    share_percent = fields.Integer(
        strict=True, metadata={"description": "Of what is available, how much the shop may show."}
    )
    buffer = fields.Integer(strict=True, metadata={"description": "Units kept back from the shop."})
    cap = fields.Integer(
        strict=True, allow_none=True, metadata={"description": "The most that it shows; null for no limit."}
    )
    brake_percent = fields.Integer(
        strict=True,
        metadata={
            "description": "Of its numbers, how many may be zeroed or raised within an hour "
            "for other reasons than orders."
        },
    )


class ConfigureListingSchema(Schema):
    paused = Flag()
    factor = fields.Integer(
        strict=True, metadata={"description": "It sells packs of so many units of the variant."}
    )
    share_percent = fields.Integer(strict=True, allow_none=True)
    buffer = fields.Integer(strict=True, allow_none=True)
    cap = fields.Integer(strict=True, allow_none=True)
    fixed_quantity = fields.Integer(
        strict=True, allow_none=True, metadata={"description": "Shown whatever is available."}
    )


class ListingArgs(PageArgs):
    linked = fields.Boolean(
        load_default=None, metadata={"description": "Whether it is known which variant they are."}
    )


class ListingPriceSchema(Schema):
    """Prices are in the smallest unit of the shop's currency."""

    state = fields.String(
        validate=validate.OneOf(LISTING_PRICE_STATES),
        metadata={"description": "active; changed or contested at the shop; failed: the shop refuses it."},
    )
    shop_minor = fields.Integer(allow_none=True, metadata={"description": "What the shop shows."})
    override_minor = fields.Integer(allow_none=True, metadata={"description": "Fixed by a person."})
    currency = fields.String()
    problem = fields.String(
        validate=validate.OneOf(NO_PRICE), metadata={"description": "Why no price is written, else empty."}
    )
    error = fields.String(metadata={"description": "What the shop had against it."})
    dirty = fields.Boolean(metadata={"description": "It waits to be looked at or written."})
    changed_at = fields.String(
        allow_none=True,
        metadata={"format": "date-time", "description": "When a change at the shop was last seen."},
    )
    written_again_at = fields.String(
        allow_none=True,
        metadata={"format": "date-time", "description": "Until when a change at the shop is left alone."},
    )


class ListingSchema(Schema):
    id = fields.Integer()
    connection_id = fields.Integer()
    external_id = fields.String()
    external_product_id = fields.String()
    sku = fields.String(allow_none=True)
    title = fields.String()
    factor = fields.Integer()
    variant_id = fields.Integer(allow_none=True)
    unlinked_reason = fields.String(
        allow_none=True, validate=validate.OneOf([reason.value for reason in UnlinkedReason])
    )
    cell_state = fields.String(allow_none=True, validate=validate.OneOf(CELL_STATES))
    expected = fields.Integer(allow_none=True)
    error = fields.String(allow_none=True)
    error_said = Said("error")
    paused = fields.Boolean()
    share_percent = fields.Integer(allow_none=True)
    buffer = fields.Integer(allow_none=True)
    cap = fields.Integer(allow_none=True)
    fixed_quantity = fields.Integer(allow_none=True)
    price = fields.Nested(
        ListingPriceSchema, allow_none=True, metadata={"description": "Null where price sync never was on."}
    )


class SourceSchema(Schema):
    source = fields.String(
        load_default=Source.SYNCFLOW.value,
        validate=validate.OneOf([source.value for source in Source]),
        metadata={"description": "Whose number is right where the shop and the ledger differ."},
    )


class SpanSchema(Schema):
    since = fields.AwareDateTime(required=True)
    until = fields.AwareDateTime(required=True)


class UndoneSchema(Schema):
    movements = fields.Integer(metadata={"description": "How many movements were taken back."})


class FirstSyncArgs(PageArgs, SourceSchema):
    effect = fields.String(
        load_default=None,
        validate=validate.OneOf(EFFECTS),
        metadata={"description": "Those of this effect only."},
    )
    q = fields.String(
        load_default=None,
        validate=validate.Length(max=200),
        metadata={"description": "Part of the SKU or the title, in any case."},
    )


class WhyNumberSchema(Schema):
    """What a shop's number follows from."""

    on_hand = fields.Integer(metadata={"description": "Of the variant, where the number stands for."})
    committed = fields.Integer(metadata={"description": "What open orders hold of it."})
    is_bundle = fields.Boolean(metadata={"description": "It is what the components are enough for."})
    by_rules = fields.Boolean(
        metadata={"description": "The rules for what it shows make another number of what is available."}
    )


class FirstSyncRowSchema(Schema):
    cell_id = fields.Integer()
    variant_id = fields.Integer()
    sku = fields.String(allow_none=True)
    title = fields.String()
    channel_quantity = fields.Integer(allow_none=True)
    target = fields.Integer(metadata={"description": "What the shop will show."})
    stock_change = fields.Integer(metadata={"description": "By how many units the ledger will change."})
    effect = fields.String(
        validate=validate.OneOf(EFFECTS),
        metadata={"description": "What would become of the shop's number, or else of the stock."},
    )
    why = fields.Nested(WhyNumberSchema)
    causes = fields.List(fields.String(), metadata={"description": "Why they differ, in words."})


class FollowerSchema(Schema):
    connection_id = fields.Integer()
    connection_name = fields.String()
    numbers = fields.Integer(metadata={"description": "How many of its numbers follow the stock."})


class FirstSyncTotalsSchema(Schema):
    """Numbers of the shop, by what would become of them; each is in one of the counts."""

    raised = fields.Integer()
    lowered = fields.Integer(metadata={"description": "And not to zero."})
    to_zero = fields.Integer()
    stock_raised = fields.Integer(metadata={"description": "The shop's number stays, the stock follows it."})
    stock_lowered = fields.Integer()
    unchanged = fields.Integer()
    units_added = fields.Integer(metadata={"description": "To the stock, in all."})
    units_taken = fields.Integer()
    followers = fields.List(
        fields.Nested(FollowerSchema), metadata={"description": "Other shops, whose numbers would change."}
    )
    at_least = fields.Boolean(metadata={"description": "There are more numbers than were counted."})


class WebhookDaySchema(Schema):
    """A day in UTC."""

    day = fields.Date()
    announced = fields.Integer(metadata={"description": "Changed orders that webhooks told of."})
    missed = fields.Integer(metadata={"description": "Those that only a poll found."})
