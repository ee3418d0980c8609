from __future__ import annotations

from marshmallow import Schema, fields, validate

from app.api.schemas.base import Flag
from app.models.accounts import ROLES
from app.services.queries.first_steps import Stand, Step


class StepSchema(Schema):
    step = fields.String(validate=validate.OneOf([step.value for step in Step]))
    state = fields.String(
        validate=validate.OneOf([state.value for state in Stand]),
        metadata={"description": "`waiting`: SyncFlow is at it; `later`: an earlier step comes first."},
    )
    connection_id = fields.Integer(
        allow_none=True, metadata={"description": "The first shop that there is something to do for."}
    )
    count = fields.Integer(
        metadata={"description": "Listings to link, shops to start, or numbers that are still to be written."}
    )
    least_role = fields.String(
        validate=validate.OneOf(ROLES), metadata={"description": "Who may do it: this role, and those above."}
    )


class FirstStepsSchema(Schema):
    steps = fields.List(fields.Nested(StepSchema))
    done = fields.Boolean(metadata={"description": "All of them."})
    hidden = fields.Boolean(metadata={"description": "You put them away."})
    tour_taken = fields.Boolean(metadata={"description": "You took the tour of the web app, or skipped it."})


class DismissSchema(Schema):
    hidden = Flag(metadata={"description": "Whether the first steps are put away."})
    tour_taken = Flag(metadata={"description": "Whether the tour is offered no more."})
