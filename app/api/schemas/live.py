from __future__ import annotations

from marshmallow import Schema, fields, validate
from webargs.fields import DelimitedList

from app.domain.outward import SUBSCRIBABLE


class LiveArgs(Schema):
    types = DelimitedList(
        fields.String(validate=validate.OneOf(SUBSCRIBABLE)),
        validate=validate.Length(min=1, max=len(SUBSCRIBABLE)),
        metadata={"description": "The types wanted, separated by commas; all if not given."},
    )


class LiveHeaders(Schema):
    last_event_id = fields.String(
        data_key="Last-Event-ID",
        load_default=None,
        metadata={"description": "The `id` of the last event that was seen: what came since is sent first."},
    )
