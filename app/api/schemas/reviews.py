from __future__ import annotations

from marshmallow import Schema, fields, validate

from app.api.schemas.base import OF_AN_ID, PageArgs, Said, SentenceSchema
from app.models.connections import CONNECTION_STATES
from app.models.stock import REVIEW_REASONS
from app.services.queries.why import KINDS
from app.services.reviews import CHOICES, MOST_AT_ONCE


class ReviewArgs(PageArgs):
    connection_id = fields.Integer(load_default=None)
    variant_id = fields.Integer(
        load_default=None,
        metadata={"description": "What bears on this variant's numbers only, by way of bundles too."},
    )
    reason = fields.String(
        load_default=None,
        validate=validate.OneOf([reason for reason in REVIEW_REASONS if reason]),
        metadata={"description": "For this reason only."},
    )


class ChoiceSchema(Schema):
    choice = fields.String(validate=validate.OneOf([choice.value for choice in CHOICES]))
    stock_change = fields.Integer(metadata={"description": "Units by which the ledger's stock changes."})
    available_after = fields.Integer()


class ReviewSchema(Schema):
    id = fields.Integer()
    seen_at = fields.DateTime()
    reason = fields.String(validate=validate.OneOf([reason for reason in REVIEW_REASONS if reason]))
    reason_text = fields.String()
    quantity = fields.Integer(metadata={"description": "What nothing explains, in the shop's units."})
    variant_id = fields.Integer()
    sku = fields.String(allow_none=True)
    title = fields.String()
    connection_id = fields.Integer()
    connection_name = fields.String()
    connection_state = fields.String(validate=validate.OneOf(CONNECTION_STATES))
    platform = fields.String()
    shown = fields.Integer(metadata={"description": "The number at the shop."})
    changed_to = fields.Integer(
        metadata={"description": "What somebody changed it to; a rise is not shown until it is decided."}
    )
    target = fields.Integer(
        allow_none=True, metadata={"description": "What it should show; null where it is paused."}
    )
    on_hand = fields.Integer()
    committed = fields.Integer()
    available = fields.Integer()
    choices = fields.List(fields.Nested(ChoiceSchema))


class HistoryLineSchema(SentenceSchema):
    at = fields.DateTime()
    kind = fields.String(validate=validate.OneOf(KINDS))
    connection_id = fields.Integer(allow_none=True)


class ReviewInFullSchema(ReviewSchema):
    history = fields.List(fields.Nested(HistoryLineSchema))


class DecisionSchema(Schema):
    choice = fields.String(required=True, validate=validate.OneOf([choice.value for choice in CHOICES]))
    quantity = fields.Integer(
        required=True, strict=True, metadata={"description": "The difference that you decided about."}
    )


class OneDecisionSchema(DecisionSchema):
    review_id = fields.Integer(required=True, strict=True, validate=OF_AN_ID)


class DecisionsSchema(Schema):
    decisions = fields.List(
        fields.Nested(OneDecisionSchema),
        required=True,
        validate=validate.Length(min=1, max=MOST_AT_ONCE),
    )


class OutcomeSchema(Schema):
    review_id = fields.Integer()
    decided = fields.Boolean()
    code = fields.String(metadata={"description": "Stable, for programs; empty where it was decided."})
    message = fields.String()
    message_said = Said("message")


class OutcomesSchema(Schema):
    items = fields.List(fields.Nested(OutcomeSchema))
