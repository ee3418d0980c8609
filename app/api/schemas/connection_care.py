from __future__ import annotations

from marshmallow import Schema, fields, validate

from app.api.schemas.base import Said
from app.domain.health import Colour
from app.models.connections import CONNECTION_STATES


class LightSchema(Schema):
    code = fields.String(metadata={"description": "The worst reason, for programs: stable."})
    colour = fields.String(validate=validate.OneOf([colour.value for colour in Colour]))
    reason = fields.String()
    remedy = fields.String(metadata={"description": "What to do about it; empty where all is well."})


class RateBudgetSchema(Schema):
    calls = fields.Float(metadata={"description": "Could be made at once."})
    maximum = fields.Float()
    restore_per_second = fields.Float()
    paused_seconds = fields.Float(metadata={"description": "The shop asked for no calls for so long."})


class CredentialsSchema(Schema):
    state = fields.String(validate=validate.OneOf(("stored", "refused", "missing", "unreadable")))
    expires_at = fields.DateTime(
        allow_none=True, metadata={"description": "When the shop must be connected again, where known."}
    )


class HealthSchema(Schema):
    id = fields.Integer()
    platform = fields.String()
    name = fields.String()
    state = fields.String(validate=validate.OneOf(CONNECTION_STATES))
    reason = fields.String()
    reason_said = Said("reason")
    light = fields.Nested(LightSchema)
    reasons = fields.List(
        fields.String(), metadata={"description": "Codes of all that is not well, the worst first."}
    )
    last_success_at = fields.DateTime(allow_none=True)
    last_error = fields.String()
    last_error_said = Said("last_error")
    failures = fields.Integer(metadata={"description": "Calls in a row that failed."})
    backoff_until = fields.DateTime(
        allow_none=True, metadata={"description": "The shop is left alone until then."}
    )
    braked_at = fields.DateTime(allow_none=True)
    pending_events = fields.Integer()
    dirty_cells = fields.Integer(metadata={"description": "Numbers that wait to be looked at or written."})
    failed_cells = fields.Integer(metadata={"description": "Numbers that the shop refuses or lost."})
    open_attempts = fields.Integer()
    reviews = fields.Integer()
    waiting_since = fields.DateTime(
        allow_none=True, metadata={"description": "Since when the oldest of what could be done waits."}
    )
    calls = fields.Integer(metadata={"description": "Of the last hour."})
    failed_calls = fields.Integer(
        metadata={"description": "Of them: no answer, half an answer, or the shop's own fault."}
    )
    error_rate = fields.Float(allow_none=True)
    mean_latency_ms = fields.Float(allow_none=True)
    slowest_ms = fields.Integer()
    orders_announced = fields.Integer(
        metadata={"description": "Changed orders of three days that webhooks told of."}
    )
    orders_missed = fields.Integer(metadata={"description": "Those that only a poll found."})
    webhook_coverage = fields.Float(allow_none=True)
    webhooks_checked_at = fields.DateTime(allow_none=True)
    rate_budget = fields.Nested(
        RateBudgetSchema, allow_none=True, metadata={"description": "Null where the platform tells of none."}
    )
    credentials = fields.Nested(CredentialsSchema)


class TrialSchema(Schema):
    ok = fields.Boolean()
    message = fields.String()
    message_said = Said("message")
    code = fields.String(metadata={"description": "Stable, for programs; empty where all is well."})
    remedy = fields.String()
    milliseconds = fields.Integer()


class ReconnectSchema(Schema):
    config = fields.Dict(
        keys=fields.String(),
        load_default=dict,
        metadata={"description": "What is new of the platform's `config_schema`, such as keys."},
    )
