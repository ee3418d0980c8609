from __future__ import annotations

from marshmallow import Schema, fields, validate

from app.api.schemas.base import PageArgs
from app.domain.audit_actions import ACTIONS, TOPICS

TEXT = validate.Length(min=1, max=100)


class AuditArgs(PageArgs):
    actor = fields.String(
        load_default=None,
        validate=TEXT,
        metadata={"description": "`user:7`, `key:3`, `system`; `support`: whoever of SyncFlow's support."},
    )
    topic = fields.String(
        load_default=None,
        validate=validate.OneOf(list(TOPICS)),
        metadata={"description": "What it is about: all actions of a kind."},
    )
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
    action = fields.String(
        validate=validate.OneOf(ACTIONS), metadata={"description": "Stable; others may come."}
    )
    subject = fields.String(metadata={"description": "`<kind>:<id>`."})
    subject_name = fields.String(
        allow_none=True,
        metadata={
            "description": "What the subject is called now: a SKU or a title, a name, an address, an order's"
            " number, of a change or a count of stock the location. null where it has no name, or is gone."
        },
    )
    detail = fields.Dict()
