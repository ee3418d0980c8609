from __future__ import annotations

from marshmallow import Schema, fields, validate

from app.api.schemas.base import PageArgs

TEXT = validate.Length(min=1, max=100)


class AuditArgs(PageArgs):
    actor = fields.String(load_default=None, validate=TEXT, metadata={"description": "`user:7`, `key:3`."})
    action = fields.String(load_default=None, validate=TEXT, metadata={"description": "`member.removed`."})
    subject = fields.String(load_default=None, validate=TEXT, metadata={"description": "`listing:12`."})
    since = fields.AwareDateTime(load_default=None)
    until = fields.AwareDateTime(load_default=None, metadata={"description": "Not included."})


class AuditEntrySchema(Schema):
    id = fields.Integer()
    created_at = fields.DateTime()
    actor = fields.String()
    actor_name = fields.String(
        allow_none=True,
        metadata={
            "description": "A user's address or a key's name, if it exists; for staff `SyncFlow support`."
        },
    )
    action = fields.String()
    subject = fields.String()
    detail = fields.Dict()
