from __future__ import annotations

from marshmallow import Schema, fields, validate

from app.api.schemas.base import PageArgs
from app.domain.event_log import EventKind


class HappeningArgs(PageArgs):
    kind = fields.String(load_default=None, validate=validate.OneOf([kind.value for kind in EventKind]))
    open = fields.Boolean(load_default=None, metadata={"description": "Whether it still is so."})


class HappeningSchema(Schema):
    """Something that is so, or was until `cleared_at`."""

    id = fields.Integer()
    kind = fields.String(validate=validate.OneOf([kind.value for kind in EventKind]))
    variant_id = fields.Integer(allow_none=True)
    sku = fields.String(allow_none=True)
    title = fields.String(allow_none=True)
    location_id = fields.Integer(allow_none=True)
    location = fields.String(allow_none=True)
    connection_id = fields.Integer(allow_none=True)
    connection_name = fields.String(allow_none=True)
    order_id = fields.Integer(allow_none=True)
    order_number = fields.String(allow_none=True)
    detail = fields.Dict(metadata={"description": "What was so when it began."})
    raised_at = fields.DateTime()
    cleared_at = fields.DateTime(allow_none=True)
