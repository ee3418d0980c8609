from __future__ import annotations

from marshmallow import Schema, fields, validate

from app.api.schemas.base import PageArgs, Said
from app.domain.outward import SUBSCRIBABLE, OutwardKind
from app.models.webhooks_out import DELIVERY_STATES, SUBSCRIPTION_STATES
from app.services.webhook_sender import URL_CHARACTERS

KINDS = [kind.value for kind in OutwardKind]
DESCRIPTION_CHARACTERS = 200


def _kinds(*, required: bool) -> fields.List[str]:
    return fields.List(
        fields.String(validate=validate.OneOf(SUBSCRIBABLE)),
        required=required,
        validate=validate.Length(min=1, max=len(SUBSCRIBABLE)),
    )


class NewSubscriptionSchema(Schema):
    url = fields.String(
        required=True,
        validate=validate.Length(min=1, max=URL_CHARACTERS),
        metadata={"description": "https, on the public internet."},
    )
    kinds = _kinds(required=True)
    description = fields.String(load_default="", validate=validate.Length(max=DESCRIPTION_CHARACTERS))


class SubscriptionChangesSchema(Schema):
    url = fields.String(validate=validate.Length(min=1, max=URL_CHARACTERS))
    kinds = _kinds(required=False)
    description = fields.String(validate=validate.Length(max=DESCRIPTION_CHARACTERS))
    state = fields.String(validate=validate.OneOf(["active", "paused"]))


class SubscriptionSchema(Schema):
    id = fields.Integer()
    url = fields.String()
    kinds = fields.List(fields.String(validate=validate.OneOf(SUBSCRIBABLE)))
    description = fields.String()
    state = fields.String(
        validate=validate.OneOf([state for state in SUBSCRIPTION_STATES if state != "deleted"]),
        metadata={"description": "disabled: it failed for days, or its receiver answered 410 Gone."},
    )
    state_reason = fields.String()
    state_reason_said = Said("state_reason")
    failing_since = fields.DateTime(
        allow_none=True, metadata={"description": "The first failure since the last success."}
    )
    quiet_until = fields.DateTime(
        allow_none=True,
        metadata={"description": "Nothing is sent before: the receiver asked for that by Retry-After."},
    )
    previous_secret_until = fields.DateTime(
        allow_none=True, metadata={"description": "Until then the secret before signs as well."}
    )
    created_at = fields.DateTime()


class SubscriptionSecretSchema(Schema):
    id = fields.Integer()
    secret = fields.String(metadata={"description": "Shown this once."})


class DeliveryArgs(PageArgs):
    state = fields.String(load_default=None, validate=validate.OneOf(DELIVERY_STATES))
    kind = fields.String(load_default=None, validate=validate.OneOf(KINDS))
    since = fields.AwareDateTime(load_default=None)


class DeliverySchema(Schema):
    id = fields.Integer()
    subscription_id = fields.Integer()
    event_id = fields.String(metadata={"description": "The header webhook-id."})
    kind = fields.String(validate=validate.OneOf(KINDS))
    state = fields.String(
        validate=validate.OneOf(DELIVERY_STATES),
        metadata={"description": "dead: it is not tried again by itself."},
    )
    attempts = fields.Integer()
    status = fields.Integer(allow_none=True, metadata={"description": "Of the last answer."})
    fault = fields.String(
        metadata={
            "description": "Empty, or why the last attempt failed: status, gone, redirect, timeout,"
            " connection, address, secret."
        }
    )
    duration_ms = fields.Integer(allow_none=True)
    created_at = fields.DateTime()
    attempted_at = fields.DateTime(allow_none=True)
    next_attempt_at = fields.DateTime(allow_none=True)


class AttemptSchema(Schema):
    at = fields.DateTime()
    status = fields.Integer(allow_none=True, metadata={"description": "null: no answer came."})
    fault = fields.String(metadata={"description": "Empty, or why it failed."})
    duration_ms = fields.Integer()


class DeliveryInFullSchema(DeliverySchema):
    body = fields.String(metadata={"description": "What is sent, to the letter."})
    answer = fields.String(metadata={"description": "The first 1024 bytes of the last answer, as text."})
    history = fields.List(
        fields.Nested(AttemptSchema),
        metadata={"description": "Every attempt, oldest first; of more than 100 the last ones."},
    )


class DeliveryIdSchema(Schema):
    id = fields.Integer()


class ReplaySchema(Schema):
    since = fields.AwareDateTime(required=True)


class ReplayedSchema(Schema):
    deliveries = fields.Integer()
