from __future__ import annotations

from marshmallow import Schema, fields, validate

from app.models.connections import CONNECTION_STATES


class ConnectionStatusSchema(Schema):
    id = fields.Integer()
    platform = fields.String()
    name = fields.String()
    state = fields.String(validate=validate.OneOf(CONNECTION_STATES))
    pending_events = fields.Integer()
    dirty_cells = fields.Integer()
    open_attempts = fields.Integer()
    pending_drifts = fields.Integer()
    checks_due = fields.Integer()
    drains_running = fields.Integer()


class StatusSchema(Schema):
    quiet = fields.Boolean(metadata={"description": "Nothing is under way and nothing is left to do."})
    pending_events = fields.Integer()
    dirty_cells = fields.Integer()
    open_attempts = fields.Integer()
    pending_drifts = fields.Integer()
    checks_due = fields.Integer()
    drains_running = fields.Integer()
    connections = fields.List(fields.Nested(ConnectionStatusSchema))
