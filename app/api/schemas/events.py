from __future__ import annotations

from marshmallow import Schema, fields, validate

from app.api.schemas.base import PageArgs
from app.models.events import EVENT_STATES


class EventArgs(PageArgs):
    state = fields.String(load_default=None, validate=validate.OneOf(EVENT_STATES))


class EventSchema(Schema):
    """A webhook as it came in, without its body, which may hold personal data."""

    id = fields.Integer()
    connection_id = fields.Integer()
    platform = fields.String()
    topic = fields.String()
    state = fields.String()
    verdict = fields.String()
    attempts = fields.Integer()
    received_at = fields.DateTime()
    next_attempt_at = fields.DateTime(allow_none=True)
    processed_at = fields.DateTime(allow_none=True)
