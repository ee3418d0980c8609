from __future__ import annotations

from marshmallow import Schema, fields, validate

from app.api.schemas.base import PageArgs, Said
from app.api.schemas.connections import WhyNumberSchema
from app.models.events import RUN_KINDS, RUN_STATES, RUN_TRIGGERS
from app.models.stock import ATTEMPT_OUTCOMES, DRIFT_STATES
from app.services.queries.sync_preview import EFFECTS, OBSTACLES

OUTCOMES = (*ATTEMPT_OUTCOMES, *DRIFT_STATES, "not_registered")


class ScopeSchema(Schema):
    """At most one of them; none is everything."""

    connection_id = fields.Integer(strict=True, load_default=None, allow_none=True)
    product_id = fields.Integer(strict=True, load_default=None, allow_none=True)
    variant_id = fields.Integer(strict=True, load_default=None, allow_none=True)


class PreviewScope(Schema):
    connection_id = fields.Integer(load_default=None)
    product_id = fields.Integer(load_default=None)
    variant_id = fields.Integer(load_default=None)


class PreviewArgs(PageArgs, PreviewScope):
    effect = fields.String(
        load_default=None,
        validate=validate.OneOf(EFFECTS),
        metadata={"description": "Those of this effect only."},
    )
    q = fields.String(
        load_default=None,
        validate=validate.Length(max=200),
        metadata={"description": "Part of the SKU or the title, in any case."},
    )


class SyncPreviewRowSchema(Schema):
    cell_id = fields.Integer()
    connection_id = fields.Integer()
    connection_name = fields.String()
    variant_id = fields.Integer()
    sku = fields.String(allow_none=True)
    title = fields.String()
    location = fields.String()
    from_quantity = fields.Integer(
        allow_none=True,
        metadata={"description": "What we believe that the shop shows; null where it never told."},
    )
    to_quantity = fields.Integer(
        allow_none=True, metadata={"description": "What it should show; null where its listing is paused."}
    )
    effect = fields.String(
        validate=validate.OneOf(EFFECTS),
        metadata={
            "description": "What would become of it; `held`: it would not be written; `refused`: the shop "
            "refuses it, whether it should show another number or not."
        },
    )
    why = fields.Nested(
        WhyNumberSchema, allow_none=True, metadata={"description": "Null where both are the same."}
    )
    causes = fields.List(fields.String(), metadata={"description": "Why they differ, in words."})
    written = fields.Boolean(metadata={"description": "Whether a run would write it."})
    obstacle = fields.String(metadata={"description": "Why not, else empty."})
    obstacle_code = fields.String(
        validate=validate.OneOf(("", *OBSTACLES)), metadata={"description": "The same, for programs."}
    )
    error = fields.String(metadata={"description": "What the shop has against it, else empty."})
    error_said = Said("error")


class ShopTotalsSchema(Schema):
    """A shop's numbers that are not what they should be, or refused; each is in one of the counts."""

    connection_id = fields.Integer()
    connection_name = fields.String()
    raised = fields.Integer()
    lowered = fields.Integer(metadata={"description": "And not to zero."})
    to_zero = fields.Integer()
    held = fields.Integer(metadata={"description": "Would not be written, for now."})
    refused = fields.Integer(metadata={"description": "The shop refuses them."})


class SyncTotalsSchema(Schema):
    looked_at = fields.Integer()
    at_least = fields.Boolean(metadata={"description": "There are more numbers than were looked at."})
    connections = fields.List(fields.Nested(ShopTotalsSchema))


class RunArgs(PageArgs):
    connection_id = fields.Integer(load_default=None)
    kind = fields.String(load_default=None, validate=validate.OneOf(RUN_KINDS))
    state = fields.String(load_default=None, validate=validate.OneOf(RUN_STATES))
    not_well = fields.Boolean(
        load_default=False, metadata={"description": "Those that failed, in part or whole."}
    )
    since = fields.AwareDateTime(load_default=None)
    until = fields.AwareDateTime(load_default=None)


class RunSchema(Schema):
    id = fields.Integer()
    kind = fields.String(validate=validate.OneOf(RUN_KINDS))
    trigger = fields.String(
        validate=validate.OneOf(RUN_TRIGGERS),
        metadata={"description": "What made it run; `change`: numbers here, or orders."},
    )
    state = fields.String(validate=validate.OneOf(RUN_STATES))
    connection_id = fields.Integer(
        allow_none=True, metadata={"description": "Null where it is about several."}
    )
    connection_name = fields.String(allow_none=True)
    platform = fields.String(allow_none=True)
    product_id = fields.Integer(allow_none=True)
    variant_id = fields.Integer(allow_none=True)
    created_at = fields.DateTime(metadata={"description": "When it began."})
    finished_at = fields.DateTime(allow_none=True, metadata={"description": "When it last did something."})
    window_at = fields.DateTime(
        allow_none=True,
        metadata={
            "description": "Start of the five minutes that this row gathers: it began then, and how long the"
            " work took is not known. Null for work with a row of its own."
        },
    )
    times = fields.Integer(metadata={"description": "How many pieces of work share this row."})
    looked_at = fields.Integer()
    changed = fields.Integer()
    failed = fields.Integer()
    counts = fields.Dict(metadata={"description": "More numbers, by the kind."})
    code = fields.String(metadata={"description": "Stable, for programs; empty where nothing failed."})
    error = fields.String()
    error_said = Said("error")
    suggestion = fields.String(metadata={"description": "What to do about it."})


class ItemFilters(Schema):
    outcome = fields.String(load_default=None, validate=validate.OneOf(OUTCOMES))
    variant_id = fields.Integer(load_default=None)


class ItemArgs(PageArgs, ItemFilters):
    pass


class RunItemSchema(Schema):
    id = fields.Integer()
    at = fields.DateTime()
    connection_id = fields.Integer()
    connection_name = fields.String()
    cell_id = fields.Integer(allow_none=True)
    variant_id = fields.Integer(allow_none=True)
    sku = fields.String(allow_none=True)
    title = fields.String(allow_none=True)
    location = fields.String()
    from_quantity = fields.Integer(allow_none=True)
    to_quantity = fields.Integer(allow_none=True)
    outcome = fields.String(validate=validate.OneOf(OUTCOMES))
    code = fields.String()
    error = fields.String()
    error_said = Said("error")
    suggestion = fields.String(metadata={"description": "What to do about it."})


class BrakeSchema(Schema):
    id = fields.Integer()
    kind = fields.String(validate=validate.OneOf(("stock", "prices")))
    connection_id = fields.Integer()
    connection_name = fields.String()
    platform = fields.String()
    braked_at = fields.DateTime()
    detail = fields.Dict(metadata={"description": "What would have changed when it went on."})
