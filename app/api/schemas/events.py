from __future__ import annotations

from marshmallow import Schema, fields, validate

from app.api.schemas.base import PageArgs
from app.models.events import EVENT_STATES
from app.platforms.base import Lane


class EventArgs(PageArgs):
    state = fields.String(load_default=None, validate=validate.OneOf(EVENT_STATES))
    lane = fields.String(load_default=None, validate=validate.OneOf([lane.value for lane in Lane]))
    topic = fields.String(
        load_default=None,
        validate=validate.Length(min=1, max=200),
        metadata={"description": "As the platform calls it."},
    )
    connection_id = fields.Integer(load_default=None)
    since = fields.AwareDateTime(load_default=None)
    until = fields.AwareDateTime(load_default=None)


class EventSchema(Schema):
    """A webhook as it came in, without its body, which may hold personal data."""

    id = fields.Integer()
    connection_id = fields.Integer()
    platform = fields.String()
    topic = fields.String()
    lane = fields.String(
        validate=validate.OneOf([lane.value for lane in Lane]),
        metadata={"description": "Hints are of numbers and products."},
    )
    state = fields.String(validate=validate.OneOf(EVENT_STATES))
    verdict = fields.String()
    attempts = fields.Integer()
    received_at = fields.DateTime()
    next_attempt_at = fields.DateTime(allow_none=True)
    processed_at = fields.DateTime(allow_none=True)


class EventInFullSchema(EventSchema):
    bytes = fields.Integer(metadata={"description": "How long its body is."})
    body = fields.Raw(
        allow_none=True,
        metadata={"description": "With texts that may be personal data masked; null where it is no JSON."},
    )
