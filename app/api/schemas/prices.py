from __future__ import annotations

from marshmallow import Schema, fields, validate

from app.api.schemas.base import Flag, PageArgs
from app.domain.prices import HIGHEST_MINOR, Cannot, Direction, Rounding
from app.models.prices import SYNC_STATES
from app.services.prices.base import MOST_AT_ONCE
from app.services.prices.listings import Choice
from app.services.prices.plan import Unwritable
from app.services.prices.preview import Change

MOST_RATES = 200
NO_PRICE = ("", *(each.value for each in (*Cannot, *Unwritable)))
"""Why no price is written, or nothing."""
_FACTOR = validate.Regexp(r"^\d{1,6}(\.\d{1,6})?$", error="A factor is a decimal such as 1.10, as text.")
_RATE = validate.Regexp(r"^\d{1,7}(\.\d{1,10})?$", error="A rate is a decimal such as 0.9215, as text.")
_CURRENCY = validate.Regexp(r"^[A-Z]{3}$", error="A currency is a code of three capital letters.")


class BasePriceArgs(PageArgs):
    q = fields.String(
        load_default=None,
        validate=validate.Length(max=200),
        metadata={"description": "Part of a title, or the beginning of a SKU."},
    )


class BasePriceSchema(Schema):
    variant_id = fields.Integer()
    sku = fields.String(allow_none=True)
    title = fields.String()
    price_minor = fields.Integer(allow_none=True)
    currency = fields.String()


class SetBasePriceSchema(Schema):
    price_minor = fields.Integer(
        required=True,
        strict=True,
        allow_none=True,
        metadata={"description": "In the smallest unit of the currency, above 0; null for none."},
    )
    currency = fields.String(
        load_default=None,
        validate=_CURRENCY,
        metadata={"description": "The variant's own if it is left out."},
    )


class BasePriceOfSchema(SetBasePriceSchema):
    variant_id = fields.Integer(required=True, strict=True)


class SetBasePricesSchema(Schema):
    items = fields.List(
        fields.Nested(BasePriceOfSchema),
        required=True,
        validate=validate.Length(min=1, max=MOST_AT_ONCE),
    )


class ChangedSchema(Schema):
    changed = fields.Integer(metadata={"description": "How many prices are others than before."})


class RuleSchema(Schema):
    """What every form of a rule has."""

    factor = fields.String(
        load_default="1", validate=_FACTOR, metadata={"description": "Base prices times this."}
    )
    rates = fields.Dict(
        keys=fields.String(validate=_CURRENCY),
        values=fields.String(validate=_RATE),
        load_default=dict,
        validate=validate.Length(max=MOST_RATES),
        metadata={"description": "By other currency: what one unit of it is in the shop's."},
    )
    rounding = fields.String(
        load_default=Rounding.UNIT.value, validate=validate.OneOf([each.value for each in Rounding])
    )
    rounding_minor = fields.Integer(
        load_default=0,
        strict=True,
        validate=validate.Range(min=0, max=HIGHEST_MINOR),
        metadata={"description": "The step, or the ending: 99 for x.99."},
    )
    direction = fields.String(
        load_default=Direction.NEAREST.value, validate=validate.OneOf([each.value for each in Direction])
    )
    brake_percent = fields.Integer(
        load_default=20,
        strict=True,
        metadata={"description": "Of its listings, how many may change much within an hour."},
    )
    brake_change_percent = fields.Integer(
        load_default=30, strict=True, metadata={"description": "More than so many percent are much."}
    )


class SetRuleSchema(RuleSchema):
    enabled = Flag(required=True, metadata={"description": "Whether prices are to be written."})


class PriceRuleSchema(RuleSchema):
    connection_id = fields.Integer()
    currency = fields.String(metadata={"description": "The shop's."})
    state = fields.String(
        validate=validate.OneOf(SYNC_STATES), metadata={"description": "preview: it waits to be applied."}
    )
    version = fields.Integer(metadata={"description": "Apply names the one whose preview was seen."})
    braked_at = fields.DateTime(
        allow_none=True, metadata={"description": "Since when a mass change waits for a person."}
    )


class ApplySchema(Schema):
    version = fields.Integer(required=True, strict=True)


class PreviewArgs(PageArgs):
    change = fields.String(
        load_default=None,
        validate=validate.OneOf([each.value for each in Change]),
        metadata={"description": "Those that would change so."},
    )


class PreviewRowSchema(Schema):
    """Prices are in the smallest unit of the shop's currency."""

    listing_id = fields.Integer()
    sku = fields.String(allow_none=True)
    title = fields.String()
    variant_id = fields.Integer()
    shop_minor = fields.Integer(allow_none=True, metadata={"description": "What the shop shows."})
    new_minor = fields.Integer(allow_none=True, metadata={"description": "What it would show."})
    change = fields.String(validate=validate.OneOf([each.value for each in Change]))
    problem = fields.String(
        validate=validate.OneOf(NO_PRICE), metadata={"description": "Why no price is written, else empty."}
    )


class SummarySchema(Schema):
    raised = fields.Integer()
    lowered = fields.Integer()
    unchanged = fields.Integer()
    cannot = fields.Integer()
    large = fields.Integer(metadata={"description": "Changes by more than the brake's share."})
    problems = fields.Dict(
        keys=fields.String(), values=fields.Integer(), metadata={"description": "By reason."}
    )


class FixPriceSchema(Schema):
    override_minor = fields.Integer(
        required=True,
        strict=True,
        allow_none=True,
        metadata={"description": "In the smallest unit of the shop's currency; null: by the rule."},
    )


class DecidePriceSchema(Schema):
    choice = fields.String(
        required=True,
        validate=validate.OneOf([each.value for each in Choice]),
        metadata={"description": "ours: it is written again. shop: the shop's price stands."},
    )
